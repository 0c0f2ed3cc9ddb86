/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DOCTOR_ENVIRONMENT_H
#define AGENT_DOCTOR_ENVIRONMENT_H

/*
 * doctor_environment - which variables a descriptor asks for, and which are set
 * although it does not ask. Pure: names are shown, never what they hold.
 */

#include "agent/doctor_findings.h"

/*
 * One finding about the variables in the text of a descriptor (comments are
 * passed over), and one for each of the usual names that is set and has no part in it.
 */
void doctor_environment(struct doctor_findings *f, const char *file, const char *text);

#endif
