/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DOCTOR_DOCTOR_ENVIRONMENT_H
#define AGENT_DOCTOR_DOCTOR_ENVIRONMENT_H

/*
 * doctor_environment - which variables a descriptor asks for, and which are set
 * although it does not ask. Pure: names are shown, never what they hold.
 */

#include <stdbool.h>

#include "agent/doctor/doctor_findings.h"

/* What all descriptors of one run have asked for. All zero to begin with. */
struct doctor_variables {
	unsigned used;  /* a bit for each of the usual names */
	bool registers; /* one of them is not a reader */
};

/*
 * One finding about the variables in the text of a descriptor; comments are
 * passed over. What it asks for is added to `all`.
 */
void doctor_environment(struct doctor_findings *f, const char *file, const char *text,
		struct doctor_variables *all);

/*
 * One finding for each of the usual names that is set and that no descriptor
 * asks for. Those that tell of a service count where one is registered.
 */
void doctor_environment_unused(struct doctor_findings *f, const struct doctor_variables *all);

#endif
