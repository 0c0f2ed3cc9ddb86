/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/status.h"

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
