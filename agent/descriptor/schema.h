/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_SCHEMA_H
#define AGENT_DESCRIPTOR_SCHEMA_H

/*
 * schema - the keys of the descriptor, as data.
 *
 * The table in schema.c is the only place that knows a key's name, type,
 * limits, default and help.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a value is read, checked, stored and printed. */
enum schema_kind {
	SCHEMA_NAME,      /* char *: [A-Za-z0-9._-] */
	SCHEMA_TOKEN,     /* char *: printable ASCII without spaces */
	SCHEMA_TEXT,      /* char *: without control characters */
	SCHEMA_HOST,      /* char *: name, address, or interface:NAME */
	SCHEMA_PEER,      /* char *: name or address, or nothing */
	SCHEMA_PREFIX,    /* char *: /path */
	SCHEMA_FILE,      /* char *: a file that is opened later, or nothing */
	SCHEMA_OUTPUT,    /* char *: a file that is written later, or nothing */
	SCHEMA_SOCKET,    /* char *: absolute path of a unix socket, or nothing */
	SCHEMA_LABEL,     /* char *: [A-Za-z0-9._:-], or nothing */
	SCHEMA_SECRET,    /* char *: as SCHEMA_TEXT; never in a message, wiped when freed */
	SCHEMA_FLAG,      /* bool */
	SCHEMA_COUNT,     /* uint32_t */
	SCHEMA_SPAN,      /* uint32_t, milliseconds */
	SCHEMA_SECONDS,   /* uint32_t, milliseconds that are whole seconds */
	SCHEMA_WORD,      /* an enum; its values are the places in `words` */
	SCHEMA_FORMATS,   /* struct formats: a list of `words`, none of them twice */
	SCHEMA_ENDPOINTS, /* struct endpoints */
	SCHEMA_TARGET,    /* struct target */
	SCHEMA_PATH,      /* char *: the path of a URL, with its query */
	SCHEMA_STATUSES,  /* struct statuses: 204, or 200-399 */
	SCHEMA_SCALARS,   /* struct scalars: members of a value */
	SCHEMA_HEADERS,   /* struct scalars: headers of the probe's requests, all of it text */
	SCHEMA_COMMAND,   /* struct words: a program and its arguments */
	SCHEMA_MAPPINGS,  /* an array: a list of mappings whose keys are rows too, PATH[].KEY */
	SCHEMA_PART       /* bool, true when it is there: a mapping whose keys are rows too */
};

enum schema_need {
	SCHEMA_OPTIONAL,
	SCHEMA_REQUIRED,
	SCHEMA_SILENT /* optional, and printed only when it is set */
};

struct schema_row {
	const char *path; /* section.key, section.part.key or section.list[].key */
	enum schema_kind kind;
	enum schema_need need;
	size_t at;                /* offset of the member in its holder */
	uint32_t min, max;        /* inclusive; texts: bytes, spans: milliseconds, lists: items */
	const char *const *words; /* ends with NULL; NULL when there are none */
	const char *fallback;     /* as a user would write it; NULL: none, or from other keys */
	const char *help;         /* one line */
};

/*
 * The holder of a row is struct descriptor, or, for a key of the mappings in a
 * list, what one of them becomes: struct discover_service, struct output_settings.
 */

/* All keys, those of a section together, those of a part or list behind it, as they are printed. */
const struct schema_row *schema_rows(size_t *n);

/* NULL when there is no such key. */
const struct schema_row *schema_find(const char *path);

/* The part that the row is a key of; NULL when it stands in its section itself. */
const struct schema_row *schema_part_of(const struct schema_row *row);

/* True for a key of the mappings in that list; list NULL: for one that is in no list. */
bool schema_is_in(const struct schema_row *row, const struct schema_row *list);

/* How a list of mappings is stored: a pointer to the first item, and a size_t that counts them. */
struct schema_items {
	size_t size; /* of one item */
	size_t n_at; /* offset of the size_t in the list's holder */
};

/* For a row of SCHEMA_MAPPINGS. */
const struct schema_items *schema_items(const struct schema_row *list);

/* The last word of a path. */
const char *schema_leaf(const char *path);

bool schema_is_section(const char *name);

/* The kinds of descriptors that a section is for. */
enum schema_side {
	SCHEMA_BOTH,
	SCHEMA_REGISTERS,
	SCHEMA_READS,
	SCHEMA_IDLE /* the same as SCHEMA_REGISTERS, but a reader may have it, to no effect */
};

/* For a path that begins with a section; the rest of it does not count. */
enum schema_side schema_side_of(const char *path);

/* The key or section that an unknown path was probably meant to be; NULL when nothing is near. */
const char *schema_suggest(const char *path);

#endif
