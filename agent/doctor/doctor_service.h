/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DOCTOR_DOCTOR_SERVICE_H
#define AGENT_DOCTOR_DOCTOR_SERVICE_H

/* doctor_service - the service's port and its health: one audit by the probe that the agent runs.
 */

#include <stdbool.h>

#include "agent/descriptor/descriptor.h"
#include "agent/doctor/doctor_calls.h"

/* True when the service is well, by the descriptor's rules. Waits. */
bool doctor_service_check(struct doctor *d, const struct descriptor *desc);

#endif
