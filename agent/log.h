/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

/*
 * log - one line a fact, to stderr, as text or as JSON.
 *
 * A fact is a message and named fields. Values are escaped, so that no text
 * from outside can forge a line. The sink (level, format) is the one mutable
 * global of the program.
 *
 * Only agent.c, registration.c, prober.c, reader.c and main.c log above debug; pure
 * modules never log.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

enum log_kind {
	LOG_FIELD_TEXT,   /* quoted when it needs to be */
	LOG_FIELD_NUMBER, /* an integer, bare in JSON */
	LOG_FIELD_TOOK,   /* seconds, printed as 0.8ms or 2.5s; left out when 0 */
	LOG_FIELD_SAY,    /* text without a name: a quoted sentence; "detail" in JSON */
	LOG_FIELD_HEX     /* an id in hexadecimal, a string in JSON */
};

/* Borrowed for the length of the call. A field whose `text` is NULL or empty is left out. */
struct log_field {
	enum log_kind kind;
	const char *name;
	const char *text;
	int64_t number;
	double seconds;
};

#define LOG_STR(name, value)  ((struct log_field){ LOG_FIELD_TEXT, (name), (value), 0, 0.0 })
#define LOG_INT(name, value)  ((struct log_field){ LOG_FIELD_NUMBER, (name), NULL, (value), 0.0 })
#define LOG_TOOK(name, value) ((struct log_field){ LOG_FIELD_TOOK, (name), NULL, 0, (value) })
#define LOG_SAY(value)        ((struct log_field){ LOG_FIELD_SAY, "detail", (value), 0, 0.0 })
#define LOG_HEX(name, value)  ((struct log_field){ LOG_FIELD_HEX, (name), NULL, (value), 0.0 })
#define LOG_END               ((struct log_field){ 0 })

void log_setup(enum log_level level, enum log_format format);

/* For who must not be kept by anybody: stderr is a terminal, or a pipe that others write to. */
void log_never_wait(void);

bool log_enabled(enum log_level level);

/* Writes one line, or drops it. `fields` ends with LOG_END, or is NULL. Keeps errno. */
void log_write(enum log_level level, const struct log_field *fields, const char *fmt, ...)
		ERR_PRINTF(3, 4);

/* log_write(LOG_INFO, LOG_FIELDS(LOG_STR("service", name)), "text %d", n) */
#define LOG_FIELDS(...) ((const struct log_field[]){ __VA_ARGS__, LOG_END })

#endif
