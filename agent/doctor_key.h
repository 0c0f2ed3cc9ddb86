/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DOCTOR_KEY_H
#define AGENT_DOCTOR_KEY_H

/* doctor_key - what stands in etcd: the keys of a service, whose they are, and the others beside
 * them. */

#include "agent/doctor_user.h"

/* `well`: the service passes its probe, so that its keys should be there. */
void doctor_key_check(struct doctor *d, const struct doctor_cluster *c,
		const struct descriptor *desc, const struct entries *entries, bool well);

/*
 * What stands under the prefix of one service. `must`: that it may not be read
 * is a problem, as it is for a reader (who watches what it may read).
 */
void doctor_prefix_check(struct doctor *d, const struct doctor_cluster *c, enum format format,
		const char *prefix, const char *service, bool must);

#endif
