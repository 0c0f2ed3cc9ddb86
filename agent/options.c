/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/options.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/exit_code.h"
#include "agent/suggest.h"
#include "agent/util.h"

/* Which commands an option is for: a set of bits. */
#define FOR(command) (1u << COMMAND_##command)
#define FOR_ALL      (~0u)
#define FOR_LISTS    (FOR(LIST) | FOR(WATCH))
#define FOR_CONTROL  (FOR(STATUS) | FOR(DRAIN) | FOR(RESUME))

/* Options that have only a long name. */
enum { LONG_ADMIN = 256, LONG_WAIT, LONG_READY_FD, LONG_SECCOMP };

/* clang-format off */
static const struct command_row commands[] = {
	[COMMAND_RUN]     = { NULL,    NEEDS_CONFIG,   "svc-agent --config FILE|DIR ...",       "probe and register, or read, until told to stop" },
	[COMMAND_CHECK]   = { "check", NEEDS_CONFIG,   "svc-agent check --config FILE|DIR ...", "validate and print the effective descriptors" },
	[COMMAND_PROBE]   = { "probe", NEEDS_CONFIG,   "svc-agent probe --config FILE|DIR ...", "probe once, say the reason and the time it took" },
	[COMMAND_DOCTOR]  = { "doctor", NEEDS_CONFIG,  "svc-agent doctor --config FILE|DIR ...", "walk the whole chain; say what is wrong and what to do" },
	[COMMAND_LIST]    = { "list",  TAKES_SERVICES, "svc-agent list [SERVICE ...]",          "what is registered now" },
	[COMMAND_WATCH]   = { "watch", NEEDS_SERVICES, "svc-agent watch SERVICE ...",           "what is registered now, then each change" },
	[COMMAND_STATUS]  = { "status", TAKES_SERVICES, "svc-agent status [SERVICE ...]",       "how a running agent is" },
	[COMMAND_DRAIN]   = { "drain",  TAKES_SERVICES, "svc-agent drain [SERVICE ...]",        "withdraw what a running agent has registered" },
	[COMMAND_RESUME]  = { "resume", TAKES_SERVICES, "svc-agent resume [SERVICE ...]",       "end that" },
	[COMMAND_HELP]    = { NULL,    0,              NULL, NULL },
	[COMMAND_VERSION] = { NULL,    0,              NULL, NULL },
};

static const struct option_row rows[] = {
	{ "config",    "FILE|DIR",   'c', FOR_ALL,   "a descriptor, or a folder of *.yaml; may be given several times" },
	{ "endpoints", "LIST",       'e', FOR_LISTS, "list, watch: members of etcd, instead of a descriptor" },
	{ "prefix",    "PATH",       'p', FOR_LISTS, "list, watch: the first part of the keys" },
	{ "format",    "NAME",       'f', FOR_LISTS, "list, watch: how keys and values look" },
	{ "output",    "table|json", 'o', FOR_LISTS | FOR(STATUS) | FOR(DOCTOR), "list, watch, status, doctor: for people, or as lines of JSON" },
	{ "admin",     "ADDRESS",    LONG_ADMIN, FOR_CONTROL, "status, drain, resume: where the agent answers, as in admin.listen" },
	{ "wait",      NULL,         LONG_WAIT,  FOR(DRAIN),  "drain: until etcd has confirmed it and shutdown.linger is over" },
	{ "ready-fd",  "N",          LONG_READY_FD, FOR(RUN), "open descriptor that gets a newline when the agent is up and running" },
	{ "seccomp",   "on|off|kill", LONG_SECCOMP, FOR(RUN), "whether system calls that the agent does not need fail, or end it" },
	{ "help",      NULL,         'h', FOR_ALL,   "print this and exit" },
	{ "version",   NULL,         'V', FOR_ALL,   "print the version and exit" },
};
/* clang-format on */

#define LETTERS ":c:e:p:f:o:hV"

const struct command_row *options_commands(size_t *n)
{
	*n = ARRAY_LEN(commands);
	return commands;
}

const struct option_row *options_rows(size_t *n)
{
	*n = ARRAY_LEN(rows);
	return rows;
}

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

static int set_format(struct options *o, const char *name, struct err *err)
{
	for (int f = 0; f < N_FORMATS; f++) {
		if (strcmp(format_name((enum format)f), name) == 0) {
			o->format = (enum format)f;
			o->has_format = true;
			return 0;
		}
	}
	return err_set(err, ERR_UNKNOWN, "'%.60s' is no format of keys and values", name);
}

static int set_style(struct options *o, const char *name, struct err *err)
{
	bool json = strcmp(name, "json") == 0;

	o->style = json ? LISTING_JSON : LISTING_TABLE;
	return json || strcmp(name, "table") == 0
			       ? 0
			       : err_set(err, ERR_UNKNOWN, "--output is table or json, not '%.60s'",
						 name);
}

static int set_admin(struct options *o, const char *address, struct err *err)
{
	struct err why;

	return target_parse(&o->admin, address, &why) == 0
			       ? 0
			       : err_set(err, why.code, "--admin: %.180s", why.text);
}

/* Without the slashes at its end, which the keys bring themselves. */
static int set_prefix(struct options *o, char *path, struct err *err)
{
	size_t len = strlen(path);

	while (len > 0 && path[len - 1] == '/') {
		path[--len] = '\0';
	}
	o->prefix = path;
	return len > 0 ? 0 : err_set(err, ERR_RANGE, "--prefix needs a name in its path");
}

/* A descriptor that we were started with; the standard ones have their use already. */
static int set_ready_fd(struct options *o, const char *number, struct err *err)
{
	char *end;
	unsigned long fd = strtoul(number, &end, 10);

	if (number[0] < '0' || number[0] > '9' || *end != '\0' || fd < 3 || fd > INT_MAX ||
			fcntl((int)fd, F_GETFD) < 0) {
		return err_set(err, ERR_RANGE,
				"--ready-fd needs the number of an open descriptor from 3 on, not "
				"'%.60s'",
				number);
	}
	o->ready_fd = (int)fd;
	return 0;
}

static int set_seccomp(struct options *o, const char *word, struct err *err)
{
	static const char *const words[] = {
		[SANDBOX_OFF] = "off",
		[SANDBOX_ON] = "on",
		[SANDBOX_KILL] = "kill",
	};

	for (size_t i = SANDBOX_OFF; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i], word) == 0) {
			o->seccomp = (enum sandbox_mode)i;
			return 0;
		}
	}
	return err_set(err, ERR_UNKNOWN, "--seccomp is on, off or kill, not '%.60s'", word);
}

/* An option as getopt has found it. 1 when nothing more is to be read. */
static int take_option(struct options *o, int letter, const char *word, struct err *err)
{
	switch (letter) {
	case 'c':
		o->configs[o->n_configs++] = optarg;
		return 0;
	case 'e':
		o->endpoints = optarg;
		return 0;
	case 'p':
		return set_prefix(o, optarg, err);
	case 'f':
		return set_format(o, optarg, err);
	case 'o':
		return set_style(o, optarg, err);
	case LONG_ADMIN:
		return set_admin(o, optarg, err);
	case LONG_WAIT:
		o->wait = true;
		return 0;
	case LONG_READY_FD:
		return set_ready_fd(o, optarg, err);
	case LONG_SECCOMP:
		return set_seccomp(o, optarg, err);
	case 'h':
	case 'V':
		o->command = letter == 'h' ? COMMAND_HELP : COMMAND_VERSION;
		return 1;
	case ':':
		return err_set(err, ERR_MISSING, "%s needs a value", word);
	default:
		if (optopt != 0 && strncmp(word, "--", 2) != 0) {
			return err_set(err, ERR_UNKNOWN, "unknown option '-%c'", optopt);
		}
		return unknown_option(word, err);
	}
}

static bool takes(const struct options *o, unsigned what)
{
	return (commands[o->command].takes & what) != 0;
}

/* What is left after the options: a command, and what it is about. */
static int take_words(struct options *o, int argc, char **argv, struct err *err)
{
	if (optind < argc && set_command(o, argv[optind++], err) < 0) {
		return -1;
	}
	while (optind < argc && takes(o, TAKES_SERVICES | NEEDS_SERVICES)) {
		o->services[o->n_services++] = argv[optind++];
	}
	if (optind < argc) {
		return err_set(err, ERR_SYNTAX, "'%s' is one word too many", argv[optind]);
	}
	return 0;
}

/* "list and watch": the commands that an option is for. */
static void name_commands(const struct option_row *row, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0, left; i < ARRAY_LEN(commands) && len < size; i++) {
		if (commands[i].name == NULL || (row->commands & 1u << i) == 0) {
			continue;
		}
		left = row->commands >> (i + 1);
		const char *link = len == 0 ? "" : left == 0 ? " and " : ", ";
		len += (size_t)snprintf(out + len, size - len, "%s%s", link, commands[i].name);
	}
}

/* The first option that was given and is not for the command. */
static int check_options(const struct options *o, unsigned long given, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if ((given & 1ul << i) != 0 && (rows[i].commands & 1u << o->command) == 0) {
			char names[120];
			name_commands(&rows[i], names, sizeof names);
			return err_set(err, ERR_UNKNOWN, "--%s is for %s", rows[i].name,
					names[0] != '\0' ? names : "the agent, not for a command");
		}
	}
	if (takes(o, NEEDS_CONFIG) && o->n_configs == 0) {
		return err_set(err, ERR_MISSING, "--config FILE|DIR is needed");
	}
	if (o->n_configs > 0 && o->endpoints != NULL) {
		return err_set(err, ERR_SYNTAX, "--config and --endpoints exclude each other");
	}
	if (o->n_configs > 0 && target_is_set(&o->admin)) {
		return err_set(err, ERR_SYNTAX, "--config and --admin exclude each other");
	}
	if (takes(o, NEEDS_SERVICES) && o->n_services == 0) {
		return err_set(err, ERR_MISSING, "%s needs the name of a service",
				commands[o->command].name);
	}
	return 0;
}

static unsigned long bit_of(int letter)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].letter == letter) {
			return 1ul << i;
		}
	}
	return 0;
}

static int read_options(struct options *o, int argc, char **argv, struct err *err)
{
	struct option longs[ARRAY_LEN(rows) + 1];
	unsigned long given = 0;
	int letter;

	long_options(longs);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, LETTERS, longs, NULL)) != -1) {
		int result = take_option(o, letter, argv[optind - 1], err);
		if (result != 0) {
			return result < 0 ? -1 : 0;
		}
		given |= bit_of(letter);
	}
	if (take_words(o, argc, argv, err) < 0) {
		return -1;
	}
	return check_options(o, given, err);
}

int options_parse(struct options *o, int argc, char **argv, struct err *err)
{
	memset(o, 0, sizeof *o);
	o->ready_fd = -1;
	o->configs = calloc((size_t)argc + 1, sizeof *o->configs);
	o->services = calloc((size_t)argc + 1, sizeof *o->services);
	if (o->configs == NULL || o->services == NULL) {
		options_finish(o);
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
	free(o->services);
	memset(o, 0, sizeof *o);
}

void options_help(FILE *out)
{
	(void)fputs("Probes a local service and keeps it registered in etcd while it is well;\n"
		    "follows registered services and writes them where others read them.\n\n",
			out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (commands[i].usage != NULL) {
			(void)fprintf(out, "  %-40s %s\n", commands[i].usage, commands[i].help);
		}
	}
	(void)fputs("\n", out);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *argument = rows[i].argument != NULL ? rows[i].argument : "";
		char letter[] = { '-', (char)rows[i].letter, ',', '\0' };
		(void)fprintf(out, "  %-3s --%-9s %-20s %s\n", rows[i].letter < 256 ? letter : "",
				rows[i].name, argument, rows[i].help);
	}
	(void)fputs("\nExit status:\n", out);
	size_t n;
	const struct exit_code_row *codes = exit_code_rows(&n);
	for (size_t i = 0; i < n; i++) {
		(void)fprintf(out, "  %-3d %s\n", (int)codes[i].code, codes[i].help);
	}
}
