/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DOCTOR_DOCTOR_ADMIN_H
#define AGENT_DOCTOR_DOCTOR_ADMIN_H

/* doctor_admin - does an agent answer at admin.listen. */

#include "agent/doctor/doctor_findings.h"
#include "agent/endpoint.h"

void doctor_admin_check(struct doctor_findings *f, const struct target *listen);

#endif
