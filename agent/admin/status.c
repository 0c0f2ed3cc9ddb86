/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/admin/status.h"

#include <stdio.h>
#include <stdlib.h>

bool status_is_ready(const struct status *s)
{
	for (size_t i = 0; i < s->n_services; i++) {
		if (!s->services[i].at_goal && !s->services[i].retiring) {
			return false;
		}
	}
	for (size_t i = 0; i < s->n_readers; i++) {
		if (!s->readers[i].at_goal) {
			return false;
		}
	}
	return !s->leaving;
}

/* "2 of 3 services listed" behind what is there already; nothing when there is none. */
static size_t append(char *out, size_t size, size_t len, size_t some, size_t all, const char *what)
{
	if (all == 0 || len >= size) {
		return len;
	}
	int n = snprintf(out + len, size - len, "%s%zu of %zu services %s", len > 0 ? ", " : "",
			some, all, what);
	return n > 0 ? len + (size_t)n : len;
}

void status_summary(const struct status *s, char *out, size_t size)
{
	size_t n_listed = 0, n_known = 0, n = 0, len = 0;

	for (size_t i = 0; i < s->n_services; i++) {
		n += s->services[i].retiring ? 0 : 1;
		n_listed += s->services[i].listed && !s->services[i].retiring ? 1 : 0;
	}
	for (size_t i = 0; i < s->n_readers; i++) {
		n_known += s->readers[i].at_goal ? 1 : 0;
	}
	out[0] = '\0';
	len = append(out, size, len, n_listed, n, "listed");
	len = append(out, size, len, n_known, s->n_readers, "followed");
	if (len < size && (s->drained || s->leaving)) {
		(void)snprintf(out + len, size - len, ", %s", s->leaving ? "ending" : "drained");
	}
}

void status_finish(struct status *s)
{
	for (size_t i = 0; i < s->n_readers; i++) {
		free(s->readers[i].outputs);
	}
	free(s->services);
	free(s->readers);
	free(s->clusters);
	*s = (struct status){ 0 };
}
