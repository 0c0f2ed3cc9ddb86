/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DOCTOR_DOCTOR_OUTPUTS_H
#define AGENT_DOCTOR_DOCTOR_OUTPUTS_H

/* doctor_outputs - can a reader write where its descriptor says; nothing is written. */

#include "agent/descriptor/descriptor.h"
#include "agent/doctor/doctor_findings.h"

void doctor_output_check(struct doctor_findings *f, const struct output_settings *output);

#endif
