/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status that some agent answers with is read whole or refused; what was read is printed
 * harmlessly, and written and read again as the same.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/admin/status_json.h"
#include "agent/admin/status_read.h"
#include "agent/admin/status_text.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct status *s)
{
	for (size_t i = 0; i < s->n_services; i++) {
		const struct status_service *one = &s->services[i];
		HOLDS(one->name != NULL && one->host != NULL && one->key != NULL);
		HOLDS(one->reason <= N_REASONS && one->state < N_LEASE_STATES);
		HOLDS(one->health_for >= 0 && one->seconds_left >= 0);
	}
	for (size_t i = 0; i < s->n_readers; i++) {
		HOLDS(s->readers[i].name != NULL && s->readers[i].outputs != NULL);
		HOLDS(s->readers[i].revision >= 0);
	}
}

static void check_print(const struct status *s)
{
	struct fuzz_out out;

	fuzz_out_open(&out);
	HOLDS(status_print(s, false, out.file) == 0);
	HOLDS(fuzz_is_harmless(fuzz_out_text(&out)));
	fuzz_out_finish(&out);
}

/* An unknown reason has no name to be written by. */
static bool is_known(const struct status *s)
{
	for (size_t i = 0; i < s->n_services; i++) {
		if (s->services[i].reason == N_REASONS) {
			return false;
		}
	}
	return true;
}

static void check_again(const struct status *s)
{
	struct status_document again;
	struct err err;
	size_t len, same;
	char *text = status_json(s, &len);

	HOLDS(text != NULL && fuzz_is_json(text, len) && fuzz_count_lines(text) == 1);
	HOLDS(status_read(&again, text, len, &err) == 0);
	char *second = status_json(&again.status, &same);
	HOLDS(second != NULL && strcmp(text, second) == 0);
	free(text);
	free(second);
	status_document_finish(&again);
}

static void check_keep(struct status *s)
{
	const char *const names[] = { "a", "b" };
	const char *missing = status_missing(s, names, 2);

	status_keep(s, names, 2);
	for (size_t i = 0; i < s->n_services; i++) {
		HOLDS(strcmp(s->services[i].name, "a") == 0 ||
				strcmp(s->services[i].name, "b") == 0);
	}
	HOLDS(missing != NULL || s->n_services + s->n_readers >= 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct status_document d;
	struct err err = { 0 };

	if (status_read(&d, (const char *)data, size, &err) < 0) {
		HOLDS(err.text[0] != '\0' && d.tree == NULL && d.status.services == NULL);
		return 0;
	}
	check(&d.status);
	check_print(&d.status);
	if (is_known(&d.status)) {
		check_again(&d.status);
	}
	check_keep(&d.status);
	status_document_finish(&d);
	return 0;
}
