/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/problems.h"
#include "agent/descriptor/schema.h"

/* Reading takes long, so each day reads them once and copies them then. */
static struct descriptor sheets[SHEETS];

static void make(struct descriptor *to, const struct descriptor *d, unsigned which)
{
	struct problems problems = { 0 };
	char text[1024];
	int len = snprintf(text, sizeof text,
			"service: {name: %s, host: %s, port: %u}\n"
			"register: {prefix: %s, ttl: %us}\n"
			"etcd: {endpoints: [localhost:2379], request_timeout: %ums}\n"
			"probe:\n"
			"  interval: %ums\n  timeout: %ums\n  initial_delay: %ums\n"
			"  success_threshold: %u\n  failure_threshold: %u\n"
			"  service: turn-%u\n",
			d->service.name, d->service.host, (unsigned)d->service.port,
			d->registry.prefix, d->registry.ttl_ms / 1000, d->etcd.request_timeout_ms,
			d->probe.interval_ms, d->probe.timeout_ms, d->probe.initial_delay_ms,
			d->probe.success_threshold, d->probe.failure_threshold, which);

	descriptor_finish(to);
	if (descriptor_parse(to, "sheet", text, (size_t)len, &problems) < 0) {
		abort();
	}
	problems_finish(&problems);
}

void sheet_make(const struct script *s)
{
	for (unsigned i = 0; i < SHEETS; i++) {
		make(&sheets[i], &s->desc, i);
	}
}

/* ---- copies ---------------------------------------------------------------------------------- */

static bool is_text(enum schema_kind kind)
{
	return kind == SCHEMA_NAME || kind == SCHEMA_TOKEN || kind == SCHEMA_TEXT ||
	       kind == SCHEMA_HOST || kind == SCHEMA_PREFIX || kind == SCHEMA_PEER ||
	       kind == SCHEMA_FILE || kind == SCHEMA_OUTPUT || kind == SCHEMA_SOCKET ||
	       kind == SCHEMA_LABEL || kind == SCHEMA_PATH || kind == SCHEMA_SECRET;
}

static void *copy_of(const void *from, size_t len)
{
	void *to = malloc(len);

	if (to == NULL) {
		abort();
	}
	return memcpy(to, from, len);
}

/* What the member owns. Of lists, the endpoints alone are not empty here. */
static void copy_member(struct descriptor *d, const struct schema_row *row)
{
	void *member = (char *)d + row->at;

	if (is_text(row->kind)) {
		char **text = member;
		*text = *text != NULL ? copy_of(*text, strlen(*text) + 1) : NULL;
	} else if (row->kind == SCHEMA_ENDPOINTS) {
		struct endpoints *list = member;
		list->at = copy_of(list->at, list->n * sizeof *list->at);
	}
}

void sheet_copy(struct descriptor_set *set, unsigned which)
{
	size_t n;
	const struct schema_row *rows = schema_rows(&n);
	struct descriptor *d = copy_of(&sheets[which], sizeof sheets[which]);

	for (size_t i = 0; i < n; i++) {
		if (schema_is_in(&rows[i], NULL)) {
			copy_member(d, &rows[i]);
		}
	}
	d->file = copy_of(d->file, strlen(d->file) + 1);
	*set = (struct descriptor_set){ .at = d, .n = 1 };
}
