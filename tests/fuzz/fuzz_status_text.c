/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever texts are in a status, it is printed harmlessly, and is one line of JSON that is read
 * back. */
#include <stdlib.h>
#include <string.h>

#include "agent/admin/status_json.h"
#include "agent/admin/status_read.h"
#include "agent/admin/status_text.h"
#include "tests/fuzz/status.h"

/* Takes out the colours, which are ours: nothing else begins with ESC. */
static void take_out_colours(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0';) {
		if (*at != '\033') {
			*to++ = *at++;
			continue;
		}
		size_t len = strspn(at + 1, "[0123456789");
		HOLDS(at[1] == '[' && len <= 3 && at[1 + len] == 'm');
		at += len + 2;
	}
	*to = '\0';
}

static void check_print(const struct status *s)
{
	struct fuzz_out plain, coloured;

	fuzz_out_open(&plain);
	fuzz_out_open(&coloured);
	HOLDS(status_print(s, false, plain.file) == 0 && status_print(s, true, coloured.file) == 0);
	HOLDS(fuzz_is_harmless(fuzz_out_text(&plain)));
	HOLDS(fuzz_count_lines(plain.text) >= s->n_services + s->n_readers + 1);
	(void)fuzz_out_text(&coloured);
	take_out_colours(coloured.text);
	HOLDS(strcmp(plain.text, coloured.text) == 0);
	fuzz_out_finish(&plain);
	fuzz_out_finish(&coloured);
}

static void check_json(const struct status *s)
{
	struct status_document d;
	struct err err;
	size_t len;
	char *text = status_json(s, &len);

	HOLDS(text != NULL && strlen(text) == len && fuzz_is_json(text, len));
	HOLDS(fuzz_count_lines(text) == 1);
	HOLDS(status_read(&d, text, len, &err) == 0);
	HOLDS(d.status.n_services == s->n_services && d.status.n_readers == s->n_readers);
	for (size_t i = 0; i < s->n_services; i++) {
		const struct status_service *a = &s->services[i], *b = &d.status.services[i];
		HOLDS(!fuzz_is_text(a->name) || strcmp(a->name, b->name) == 0);
		HOLDS(a->lease == b->lease && a->goal == b->goal && a->state == b->state);
		HOLDS(strcmp(status_word(a), status_word(b)) == 0 || a->seconds_left < 0.001 ||
				a->linger_left < 0.001);
	}
	status_document_finish(&d);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	struct fuzz_status s;
	char summary[200];

	fuzz_status_make(&s, &b);
	check_print(&s.status);
	check_json(&s.status);
	status_summary(&s.status, summary, sizeof summary);
	HOLDS(strchr(summary, '\n') == NULL && strlen(summary) < sizeof summary - 1);
	fuzz_status_finish(&s);
	return 0;
}
