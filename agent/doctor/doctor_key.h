/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DOCTOR_DOCTOR_KEY_H
#define AGENT_DOCTOR_DOCTOR_KEY_H

/* doctor_key - what stands in etcd: the keys of a service, whose they are, and the others beside
 * them. */

#include "agent/doctor/doctor_user.h"

/* `well`: the service passes its probe, so that its keys should be there. */
void doctor_key_check(struct doctor *d, const struct doctor_cluster *c,
		const struct descriptor *desc, const struct entries *entries, bool well);

/*
 * What stands under the prefix of one service. `own` are the keys of the
 * descriptor that registers it, about which doctor_key_check tells. NULL: a
 * reader, for whom it is a problem that the prefix may not be read.
 */
void doctor_prefix_check(struct doctor *d, const struct doctor_cluster *c, enum format format,
		const char *prefix, const char *service, const struct entries *own);

#endif
