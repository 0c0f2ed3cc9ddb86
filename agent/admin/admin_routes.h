/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ADMIN_ADMIN_ROUTES_H
#define AGENT_ADMIN_ADMIN_ROUTES_H

/*
 * admin_routes - what can be asked of a running agent, and the answer to it.
 *
 * Who can connect may look. Who wants something done has to be on this machine,
 * and not be a page in somebody's browser: a page cannot help sending its
 * Origin, or, behind a name that leads here, that name as the Host. Pure.
 */

#include <stdbool.h>
#include <stddef.h>

struct status;

/* The agent, as its admin sees it. */
struct admin_host {
	/* Fills *s, which the caller finishes before the loop goes on. 0, or -1 without memory. */
	int (*look)(struct admin_host *host, struct status *s);
	/*
	 * Drains, or resumes, those of these names, or all when n is 0. False: one
	 * of the names is not here, and nothing was done.
	 */
	bool (*drain)(struct admin_host *host, const char *const *names, size_t n, bool drained);
};

/* All is borrowed. */
struct admin_request {
	const char *method, *path; /* the path without its query, unescaped */
	const char *host;          /* the header; NULL: none */
	bool has_origin;           /* there is such a header */
	bool local;                /* the peer is on this machine */
	bool has_body;             /* of one byte at least, or of unknown length */
	bool large_body;           /* longer than what is taken, or of unknown length */
	const char *const *names;  /* each value of `service` in the query */
	size_t n_names;
	const char *unknown; /* something else in the query; NULL: nothing */
};

struct admin_answer {
	unsigned status;   /* of HTTP */
	const char *type;  /* Content-Type */
	const char *allow; /* the header of a 405; NULL: none */
	char *body;        /* owned; NULL when there was no memory for it */
	size_t len;
};

/* Fills *a, which the caller finishes. */
void admin_answer_make(
		struct admin_answer *a, const struct admin_request *rq, struct admin_host *host);

void admin_answer_finish(struct admin_answer *a);

#endif
