/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/options.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/suggest.h"
#include "agent/util.h"

struct command_row {
	const char *name; /* NULL: the command that runs when none is named, or an option */
	const char *usage, *help;
};

struct option_row {
	const char *name, *argument; /* argument: NULL when it takes none */
	int letter;
	const char *help;
};

/* clang-format off */
static const struct command_row commands[] = {
	[COMMAND_RUN]     = { NULL,    "svc-agent --config FILE|DIR ...",       "probe and register until told to stop" },
	[COMMAND_CHECK]   = { "check", "svc-agent check --config FILE|DIR ...", "validate and print the effective descriptors" },
	[COMMAND_PROBE]   = { "probe", "svc-agent probe --config FILE|DIR ...", "probe once, say the reason and the time it took" },
	[COMMAND_HELP]    = { NULL,    NULL, NULL },
	[COMMAND_VERSION] = { NULL,    NULL, NULL },
};

static const struct option_row rows[] = {
	{ "config",  "FILE|DIR", 'c', "a descriptor, or a folder of *.yaml; may be given several times" },
	{ "help",    NULL,       'h', "print this and exit" },
	{ "version", NULL,       'V', "print the version and exit" },
};
/* clang-format on */

static void long_options(struct option out[ARRAY_LEN(rows) + 1])
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		out[i] = (struct option){ rows[i].name,
			rows[i].argument != NULL ? required_argument : no_argument, NULL,
			rows[i].letter };
	}
	out[ARRAY_LEN(rows)] = (struct option){ 0 };
}

/* The name that was probably meant, or NULL. */
static const char *nearest(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t best_rank = 0;

	for (size_t i = 0; i < n; i++) {
		size_t rank = suggest_rank(word, names[i]);
		if (rank > 0 && (best == NULL || rank < best_rank)) {
			best = names[i];
			best_rank = rank;
		}
	}
	return best;
}

static int unknown_option(const char *text, struct err *err)
{
	const char *names[ARRAY_LEN(rows)];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		names[i] = rows[i].name;
	}
	const char *near = strncmp(text, "--", 2) == 0 ? nearest(text + 2, names, ARRAY_LEN(names))
						       : NULL;
	return err_set(err, ERR_UNKNOWN, "unknown option '%s'%s%s%s", text,
			near != NULL ? " (did you mean '--" : "", near != NULL ? near : "",
			near != NULL ? "'?)" : "");
}

static int set_command(struct options *o, const char *name, struct err *err)
{
	const char *names[ARRAY_LEN(commands)];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (commands[i].name == NULL) {
			continue;
		}
		if (strcmp(commands[i].name, name) == 0) {
			o->command = (enum command)i;
			return 0;
		}
		names[n++] = commands[i].name;
	}
	const char *near = nearest(name, names, n);
	return err_set(err, ERR_UNKNOWN, "unknown command '%s'%s%s%s", name,
			near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
			near != NULL ? "'?)" : "");
}

static int read_options(struct options *o, int argc, char **argv, struct err *err)
{
	struct option longs[ARRAY_LEN(rows) + 1];
	int letter;

	long_options(longs);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":c:hV", longs, NULL)) != -1) {
		switch (letter) {
		case 'c':
			o->configs[o->n_configs++] = optarg;
			break;
		case 'h':
			o->command = COMMAND_HELP;
			return 0;
		case 'V':
			o->command = COMMAND_VERSION;
			return 0;
		case ':':
			return err_set(err, ERR_MISSING, "%s needs a value", argv[optind - 1]);
		default:
			if (optopt != 0 && strncmp(argv[optind - 1], "--", 2) != 0) {
				return err_set(err, ERR_UNKNOWN, "unknown option '-%c'", optopt);
			}
			return unknown_option(argv[optind - 1], err);
		}
	}
	if (optind < argc && set_command(o, argv[optind++], err) < 0) {
		return -1;
	}
	if (optind < argc) {
		return err_set(err, ERR_SYNTAX, "'%s' is one word too many", argv[optind]);
	}
	if (o->n_configs == 0) {
		return err_set(err, ERR_MISSING, "--config FILE|DIR is needed");
	}
	return 0;
}

int options_parse(struct options *o, int argc, char **argv, struct err *err)
{
	memset(o, 0, sizeof *o);
	o->configs = calloc((size_t)argc + 1, sizeof *o->configs);
	if (o->configs == NULL) {
		return err_set(err, ERR_SYSTEM, "out of memory");
	}
	if (read_options(o, argc, argv, err) < 0) {
		options_finish(o);
		return -1;
	}
	return 0;
}

void options_finish(struct options *o)
{
	free(o->configs);
	memset(o, 0, sizeof *o);
}

void options_help(FILE *out)
{
	(void)fputs("Probes a local gRPC service and keeps it registered in etcd while it is well.\n\n",
			out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (commands[i].usage != NULL) {
			(void)fprintf(out, "  %-40s %s\n", commands[i].usage, commands[i].help);
		}
	}
	(void)fputs("\n", out);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *argument = rows[i].argument != NULL ? rows[i].argument : "";
		(void)fprintf(out, "  -%c, --%-7s %-22s %s\n", rows[i].letter, rows[i].name,
				argument, rows[i].help);
	}
	(void)fputs("\nExit: 0 done or cleanly withdrawn, 1 unhealthy, 2 usage, 70 internal,\n"
		    "75 stopped but a lease was left to expire, 78 bad descriptor.\n",
			out);
}
