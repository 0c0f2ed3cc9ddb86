/* SPDX-License-Identifier: Apache-2.0 */
/* A line for each instance, whatever it holds: harmless as a table, JSON as JSON. */
#include <stdlib.h>
#include <string.h>

#include "agent/listing_text.h"
#include "tests/fuzz/view.h"

#define ROWS_MAX 12

static void check_json_lines(const char *text)
{
	for (const char *end; *text != '\0'; text = end + 1) {
		end = strchr(text, '\n');
		HOLDS(end != NULL && fuzz_is_json(text, (size_t)(end - text)));
	}
}

static void check_rows(const struct listing_row *rows, size_t n)
{
	struct fuzz_out out;

	fuzz_out_open(&out);
	HOLDS(listing_print(LISTING_TABLE, rows, n, out.file) == 0);
	HOLDS(fuzz_is_harmless(fuzz_out_text(&out)) && fuzz_count_lines(out.text) == n + 1);
	fuzz_out_finish(&out);
	fuzz_out_open(&out);
	HOLDS(listing_print(LISTING_JSON, rows, n, out.file) == 0);
	HOLDS(n == 0 || fuzz_count_lines(fuzz_out_text(&out)) == n);
	check_json_lines(n == 0 ? "" : out.text);
	fuzz_out_finish(&out);
}

static void check_event(enum listing_event event, const struct listing_row *row)
{
	const struct instance *instance = event == LISTING_NONE ? NULL : row->instance;
	bool harmless = fuzz_is_harmless(row->service) && strchr(row->service, '\n') == NULL;
	const char *service = harmless ? row->service : "a"; /* it is a word of our own caller */
	struct fuzz_out out;

	fuzz_out_open(&out);
	HOLDS(listing_print_event(LISTING_TABLE, "12:00:00", event, service, instance, out.file) ==
			0);
	HOLDS(fuzz_is_harmless(fuzz_out_text(&out)) && fuzz_count_lines(out.text) == 1);
	fuzz_out_finish(&out);
	fuzz_out_open(&out);
	HOLDS(listing_print_event(LISTING_JSON, "12:00:00", event, row->service, instance,
			      out.file) == 0);
	HOLDS(fuzz_count_lines(fuzz_out_text(&out)) == 1);
	check_json_lines(out.text);
	fuzz_out_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	enum listing_event event = (enum listing_event)(fuzz_u8(&b) % (LISTING_NONE + 1));
	char *services[ROWS_MAX];
	struct instance *instances[ROWS_MAX];
	struct listing_row rows[ROWS_MAX];
	size_t n = 0;

	for (; n < ROWS_MAX && b.left > 0; n++) {
		services[n] = fuzz_take_text(&b);
		rows[n].service = services[n];
		rows[n].ttl_s = (int64_t)fuzz_u16(&b) - 2;
		rows[n].instance = instances[n] = fuzz_instance(&b, HOSTS_VALID);
	}
	check_rows(rows, n);
	for (size_t i = 0; i < n; i++) {
		check_event(event, &rows[i]);
		instance_unref(instances[i]);
		free(services[i]);
	}
	return 0;
}
