/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DOCTOR_DOCTOR_FINDINGS_H
#define AGENT_DOCTOR_DOCTOR_FINDINGS_H

/*
 * doctor_findings - what `doctor` has found, and how it is said: a line for
 * each check, or one JSON object. Pure.
 *
 * What comes from outside is shown without control characters. Nothing secret
 * may be given to it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "agent/doctor/doctor_codes.h"
#include "agent/err.h"

struct doctor_finding {
	enum doctor_code code;
	const char *check;     /* a literal: "endpoint", "key" */
	char *subject, *found; /* owned; what was looked at, and what there is */
};

/* Zeroed it is empty. */
struct doctor_findings {
	struct doctor_finding *at; /* owned */
	size_t n;
	FILE *out;   /* borrowed; each is printed as soon as it is found; NULL: not */
	bool colour; /* ... with colours of a terminal */
	bool lost;   /* memory ran out for one */
};

/* Adds one; `fmt` and what follows is what was found. Longer than 900 bytes it is cut. */
void doctor_find(struct doctor_findings *f, const char *check, const char *subject,
		enum doctor_code code, const char *fmt, ...) ERR_PRINTF(5, 6);

/* How many there are of a level, from number `from` on. */
size_t doctor_findings_count(const struct doctor_findings *f, size_t from, enum doctor_level level);

/* "2 problems, 1 warning, 7 ok, 3 skipped", as the last line. */
void doctor_findings_sum(const struct doctor_findings *f, FILE *out);

/* {"ok":...,"code":...,"checks":[...]} as one line. 0, or -1 without memory. */
int doctor_findings_json(const struct doctor_findings *f, FILE *out);

void doctor_findings_finish(struct doctor_findings *f);

#endif
