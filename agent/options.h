/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

/*
 * options - the command line. Two tables, of commands and of options, are the
 * only place that names them: reading and --help walk them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "agent/endpoint.h"
#include "agent/err.h"
#include "agent/format.h"
#include "agent/listing_text.h"
#include "agent/sandbox.h"

enum command {
	COMMAND_RUN,
	COMMAND_CHECK,
	COMMAND_PROBE,
	COMMAND_DOCTOR,
	COMMAND_LIST,
	COMMAND_WATCH,
	COMMAND_STATUS,
	COMMAND_DRAIN,
	COMMAND_RESUME,
	COMMAND_HELP,
	COMMAND_VERSION
};

/* What a command takes beside its options. */
enum { NEEDS_CONFIG = 1, TAKES_SERVICES = 2, NEEDS_SERVICES = 4 };

struct command_row {
	const char *name; /* NULL: the command that runs when none is named, or an option */
	unsigned takes;
	const char *usage, *help; /* NULL for what is an option */
};

struct option_row {
	const char *name, *argument; /* argument: NULL when it takes none */
	int letter;                  /* above 255: it has only the long name */
	unsigned commands;           /* a bit for each enum command that it is for */
	const char *help;
};

/* Both tables, for all that is written about them; of commands one row for each enum command. */
const struct command_row *options_commands(size_t *n);
const struct option_row *options_rows(size_t *n);

/* The arrays are owned; the texts are argv's. */
struct options {
	enum command command;
	const char **configs;
	size_t n_configs;      /* at least 1 for a command that needs a descriptor */
	const char **services; /* list, watch, status, drain, resume */
	size_t n_services;
	const char *endpoints, *prefix; /* list, watch; NULL when they are not given */
	enum format format;             /* list, watch */
	bool has_format;                /* ... was given */
	enum listing_style style;       /* list, watch, status, doctor */
	struct target admin;            /* status, drain, resume; zeroed when it is not given */
	bool wait;                      /* drain */
	int ready_fd;                   /* run; -1 when it is not given */
	enum sandbox_mode seccomp;      /* run */
};

/* Returns 0, or -1 with *err filled and *o zeroed. */
int options_parse(struct options *o, int argc, char **argv, struct err *err);

void options_finish(struct options *o);

void options_help(FILE *out);

#endif
