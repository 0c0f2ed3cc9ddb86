/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_REGISTRATION_LOG_H
#define AGENT_REGISTRATION_LOG_H

/* registration_log - the lines that a registration is worth to people. For registration.c alone. */

#include <stdbool.h>

struct etcd_reply;
struct registration;

/* etcd has acknowledged lease and key. */
void registration_log_listed(const struct registration *r, const struct etcd_reply *reply);

/* ... that they are gone. Nothing for a lease that never had the key. */
void registration_log_unlisted(const struct registration *r);

/* etcd does not know the lease any more. `lapsed`: it never had a use. */
void registration_log_lost(const struct registration *r, const char *why, bool lapsed);

/* The lease lives, and the key is not there. */
void registration_log_detached(const struct registration *r, const struct etcd_reply *reply);

/* ... is another's. */
void registration_log_contested(const struct registration *r, const struct etcd_reply *reply);

/*
 * No clear answer, for the r->unsure-th time in a row. Worth a warning at the
 * first, the second, the fourth, the eighth: ever rarer, never silent.
 */
void registration_log_unsure(const struct registration *r, const char *why);

/* ... and the end of that row. */
void registration_log_answered(const struct registration *r);

#endif
