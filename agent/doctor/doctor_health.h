/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DOCTOR_DOCTOR_HEALTH_H
#define AGENT_DOCTOR_DOCTOR_HEALTH_H

/* doctor_health - the names that a health service knows, where it tells them (Health/List). */

#include "agent/descriptor/descriptor.h"
#include "agent/doctor/doctor_calls.h"

/* How many there are, as text in `out`; -1 when the server does not tell. Waits. */
int doctor_health_list(struct doctor *d, const struct descriptor *desc, char *out, size_t size);

#endif
