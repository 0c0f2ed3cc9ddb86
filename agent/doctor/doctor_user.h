/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DOCTOR_DOCTOR_USER_H
#define AGENT_DOCTOR_DOCTOR_USER_H

/* doctor_user - is the user that a descriptor names known to etcd, and what may it do. */

#include "agent/doctor/doctor_cluster.h"
#include "agent/entries.h"

/* Logs in. Fills c->token and c->usable. */
void doctor_user_check(struct doctor *d, struct doctor_cluster *c);

/* May these keys be written? Nothing is. False when they may not. */
bool doctor_user_may_write(
		struct doctor *d, const struct doctor_cluster *c, const struct entries *entries);

/* True when an answer is what was asked for; else it is said, as a finding of `check`. */
bool doctor_user_answered(struct doctor *d, const struct doctor_cluster *c,
		const struct doctor_ask *ask, const char *check, const char *subject);

#endif
