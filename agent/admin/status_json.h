/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ADMIN_STATUS_JSON_H
#define AGENT_ADMIN_STATUS_JSON_H

/*
 * status_json - a running agent's status as the JSON document that GET /status
 * answers with. svc-agent(8) says what its members
 * mean. Pure.
 */

#include <stddef.h>

#include "agent/admin/status.h"

/* Members may be added to it; a higher number means that one that was there changed. */
#define STATUS_SCHEMA_VERSION 1

/*
 * One line with a line end, new; *len does not count the NUL at its end. NULL
 * without memory. A lease is written as etcdctl takes it, in hexadecimal.
 */
char *status_json(const struct status *status, size_t *len);

#endif
