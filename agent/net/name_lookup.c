/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name_lookup - getaddrinfo_a, which is getaddrinfo with an end in time. What is
 * still under way at that end belongs to glibc until it has finished: such a
 * request is left to it, and its memory with it.
 */
#include "agent/net/name_lookup.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/clock.h"

/* One question, as glibc needs it: it must stay where it is. */
struct lookup {
	struct gaicb ask;
	struct addrinfo hints;
	char host[ENDPOINT_HOST_MAX + 1], port[8];
};

static struct lookup *start(const struct endpoint *endpoint)
{
	struct lookup *l = calloc(1, sizeof *l);
	struct gaicb *list[1];

	if (l == NULL) {
		return NULL;
	}
	memcpy(l->host, endpoint->host, sizeof l->host);
	(void)snprintf(l->port, sizeof l->port, "%u", (unsigned)endpoint->port);
	l->hints.ai_socktype = SOCK_STREAM;
	l->ask.ar_name = l->host;
	l->ask.ar_service = l->port;
	l->ask.ar_request = &l->hints;
	list[0] = &l->ask;
	if (getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) != 0) {
		free(l);
		return NULL;
	}
	return l;
}

/* Until it has ended, or the time is up. */
static int wait_for(struct lookup *l, double deadline)
{
	const struct gaicb *const list[1] = { &l->ask };
	double left = deadline - clock_now();

	while (gai_error(&l->ask) == EAI_INPROGRESS && left > 0.0) {
		struct timespec span = { .tv_sec = (time_t)left };
		span.tv_nsec = (long)((left - (double)span.tv_sec) * 1e9);
		(void)gai_suspend(list, 1, &span);
		left = deadline - clock_now();
	}
	return gai_error(&l->ask);
}

static void take(struct lookup *l, struct name_found *out)
{
	for (struct addrinfo *at = l->ask.ar_result; at != NULL && out->n < NAME_ADDRESSES;
			at = at->ai_next) {
		if (at->ai_addrlen <= sizeof out->at[0].at.storage) {
			memcpy(&out->at[out->n].at.storage, at->ai_addr, at->ai_addrlen);
			out->at[out->n++].len = at->ai_addrlen;
		}
	}
	if (out->n == 0) {
		(void)snprintf(out->why, sizeof out->why, "it has no address");
	}
}

static void end(struct lookup *l, double began, double deadline, struct name_found *out)
{
	int error = wait_for(l, deadline);

	out->took = clock_now() - began;
	out->timeout = error == EAI_INPROGRESS || error == EAI_AGAIN;
	if (error == 0) {
		take(l, out);
		freeaddrinfo(l->ask.ar_result);
	} else if (error == EAI_INPROGRESS) {
		(void)snprintf(out->why, sizeof out->why, "no answer within %.1fs", out->took);
		if (gai_cancel(&l->ask) != EAI_CANCELED) {
			return; /* glibc still writes there */
		}
	} else {
		(void)snprintf(out->why, sizeof out->why, "%s", gai_strerror(error));
	}
	free(l);
}

int name_lookup(const struct endpoint *endpoints, size_t n, double timeout, struct name_found *out)
{
	struct lookup **all = calloc(n, sizeof(struct lookup *));
	double began = clock_now();
	int result = all == NULL ? -1 : 0;

	memset(out, 0, n * sizeof *out);
	for (size_t i = 0; all != NULL && i < n; i++) {
		all[i] = start(&endpoints[i]);
	}
	for (size_t i = 0; all != NULL && i < n; i++) {
		if (all[i] == NULL) {
			result = -1;
		} else {
			end(all[i], began, began + timeout, &out[i]);
		}
	}
	free(all);
	return result;
}

void name_list(const struct name_found *found, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < found->n && len < size; i++) {
		char text[ENDPOINT_HOST_MAX + 1];
		if (getnameinfo(&found->at[i].at.any, found->at[i].len, text, sizeof text, NULL, 0,
				    NI_NUMERICHOST) == 0) {
			len += (size_t)snprintf(
					out + len, size - len, "%s%s", len > 0 ? ", " : "", text);
		}
	}
}
