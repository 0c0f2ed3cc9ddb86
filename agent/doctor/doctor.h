/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DOCTOR_DOCTOR_H
#define AGENT_DOCTOR_DOCTOR_H

/*
 * doctor - `svc-agent doctor`: walks the whole chain that a registration, or a
 * reader, hangs on, and says of each link whether it holds. Nothing is changed,
 * in etcd or elsewhere.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "agent/err.h"
#include "agent/exit_code.h"

struct doctor_options {
	const char *const *configs; /* files and folders; borrowed */
	size_t n_configs;
	bool json;
	bool colour; /* of a terminal, when not json */
	FILE *out;
};

/* EXIT_DONE when there is no problem, EXIT_NO when there is one; EXIT_INTERNAL with *err filled. */
enum exit_code doctor_run(const struct doctor_options *o, struct err *err);

#endif
