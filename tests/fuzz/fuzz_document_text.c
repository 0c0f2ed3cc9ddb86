/* SPDX-License-Identifier: Apache-2.0 */
/* The document of any instances is one line of JSON, and is read back with nothing lost. */
#include <stdlib.h>
#include <string.h>

#include "agent/outputs/document.h"
#include "tests/fuzz/view.h"

static void check(const struct document *d, const struct output_view *view)
{
	HOLDS(strcmp(d->service, view->service) == 0);
	HOLDS(d->revision == view->revision && d->stale == view->stale);
	HOLDS(d->instances.n == view->instances.n);
	for (size_t i = 0; i < d->instances.n; i++) {
		const struct instance *a = d->instances.at[i], *b = view->instances.at[i];
		HOLDS(instance_same(a, b) && strcmp(a->key, b->key) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	struct document d;
	struct err err;
	struct fuzz_view v;

	fuzz_view_make(&v, &b, HOSTS_VALID);
	char *text = document_text(&v.view, "2026-11-25T17:00:00.123Z");
	HOLDS(text != NULL && fuzz_is_json(text, strlen(text)) && fuzz_count_lines(text) == 1);
	HOLDS(document_read(&d, text, strlen(text), &err) == 0);
	bool whole = true; /* what is no UTF-8 is mended when it is written */
	for (size_t i = 0; i < v.view.instances.n; i++) {
		whole = whole && fuzz_is_text(v.view.instances.at[i]->protocol);
	}
	if (whole) {
		check(&d, &v.view);
	}
	document_finish(&d);
	free(text);
	fuzz_view_finish(&v);
	return 0;
}
