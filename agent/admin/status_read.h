/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ADMIN_STATUS_READ_H
#define AGENT_ADMIN_STATUS_READ_H

/*
 * status_read - the document of status_json, read back by the commands that ask
 * a running agent. It comes from outside: whatever it holds, what is read is
 * whole, or it is refused. Members that are not known are passed over. Pure.
 */

#include <stddef.h>

#include "agent/admin/status.h"
#include "agent/err.h"

struct cJSON;

#define STATUS_DOCUMENT_MAX (16 << 20) /* bytes */

/* Zeroed it is empty. */
struct status_document {
	struct status status; /* its texts are the tree's; it has no clusters and no counts */
	struct cJSON *tree;   /* owned */
};

/*
 * 0, or -1 with *err saying what is wrong with "the answer", and *d zeroed. A
 * reason that this version does not know is read as N_REASONS.
 */
int status_read(struct status_document *d, const char *text, size_t len, struct err *err);

/* The first of these names that no service and no reader has; NULL when there is none. */
const char *status_missing(const struct status *status, const char *const *names, size_t n);

/* Leaves only the services and the readers of these names; all with n of 0. */
void status_keep(struct status *status, const char *const *names, size_t n);

/* Safe on a zeroed struct. */
void status_document_finish(struct status_document *d);

#endif
