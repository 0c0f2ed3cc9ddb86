/* SPDX-License-Identifier: Apache-2.0 */
/* Findings of any texts are harmless lines and JSON; of variables only names are ever shown. */
#include <stdlib.h>
#include <string.h>

#include "agent/doctor/doctor_environment.h"
#include "agent/doctor/doctor_findings.h"
#include "tests/fuzz/fuzz.h"

#define PLANTED "planted-Xq7-secret"

static void add_all(struct doctor_findings *f, struct fuzz_bytes *b)
{
	while (f->n < 32 && b->left > 0) {
		enum doctor_code code = (enum doctor_code)(fuzz_u8(b) % N_DOCTOR_CODES);
		char *subject = fuzz_take_text(b), *found = fuzz_take_text(b);
		doctor_find(f, "endpoint", subject, code, "%s", found);
		free(subject);
		free(found);
	}
}

static void check(const struct doctor_findings *f, const char *printed)
{
	size_t advice = 0, levels = 0;
	struct fuzz_out out;

	for (size_t i = 0; i < f->n; i++) {
		advice += doctor_code_advice(f->at[i].code) != NULL;
	}
	HOLDS(fuzz_is_harmless(printed) && fuzz_count_lines(printed) == f->n + advice);
	for (int i = DOCTOR_LEVEL_OK; i <= DOCTOR_LEVEL_PROBLEM; i++) {
		levels += doctor_findings_count(f, 0, (enum doctor_level)i);
	}
	HOLDS(levels == f->n && !f->lost);
	fuzz_out_open(&out);
	HOLDS(doctor_findings_json(f, out.file) == 0);
	HOLDS(fuzz_count_lines(fuzz_out_text(&out)) == 1 && fuzz_is_json(out.text, out.len));
	HOLDS(strstr(out.text, PLANTED) == NULL && strstr(printed, PLANTED) == NULL);
	fuzz_out_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	struct doctor_findings f = { 0 };
	struct doctor_variables all = { 0 };
	struct fuzz_out out;
	char *text = fuzz_take_text(&b);

	(void)setenv("SECRET", PLANTED, 1);
	(void)setenv("SERVICE_NAME", PLANTED, 1);
	fuzz_out_open(&out);
	f.out = out.file;
	doctor_environment(&f, "a.yaml", text, &all);
	doctor_environment_unused(&f, &all);
	if (memmem(data, size, "planted", 7) == NULL) { /* of a variable, and not of the input */
		add_all(&f, &b);
		check(&f, fuzz_out_text(&out));
	}
	doctor_findings_finish(&f);
	fuzz_out_finish(&out);
	free(text);
	return 0;
}
