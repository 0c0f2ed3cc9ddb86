/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTPUTS_DOCUMENT_H
#define AGENT_OUTPUTS_DOCUMENT_H

/*
 * document - the instances of a service as JSON: one line, described by
 * conf/discovered.schema.json. Pure.
 *
 * The output json writes it to a file and the output exec to a program; a
 * reader reads its own file back when it starts and etcd is away.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/err.h"
#include "agent/instances.h"
#include "agent/outputs/view.h"

#define DOCUMENT_VERSION       1
#define DOCUMENT_MAX           ((size_t)16 * 1024 * 1024)
#define DOCUMENT_INSTANCES_MAX 100000

/* 2026-11-25T17:00:00.123Z and the final NUL */
#define DOCUMENT_TIME_MAX 32

/* The wall clock now, as it stands in a document. */
void document_time(char out[DOCUMENT_TIME_MAX]);

/* A new text with a line end, for free(); NULL without memory. `written_at` is put in as it is. */
char *document_text(const struct output_view *view, const char *written_at);

/* What was read back. All is owned. */
struct document {
	char *service, *prefix;
	int64_t revision;
	bool stale;
	double age;        /* seconds, as of written_at */
	double written_at; /* seconds of the wall clock since 1970 */
	struct instances instances;
};

/*
 * Reads text[0..len), which need not end with NUL. Returns 0; or -1 with a
 * sentence when it is no such document, or larger than the limits above, and
 * *d is zeroed then.
 */
int document_read(struct document *d, const char *text, size_t len, struct err *err);

/* Safe on a zeroed struct. */
void document_finish(struct document *d);

#endif
