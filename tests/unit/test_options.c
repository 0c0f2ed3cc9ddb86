/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/options.h"
#include "agent/util.h"

#define WORDS 16

/* Parses the words of `line`, which follow the program's name. */
static int parse(struct options *o, struct err *err, const char *line)
{
	static char copy[200];
	static char program[] = "svc-agent";
	char *argv[WORDS + 1] = { program };
	int argc = 1;

	(void)snprintf(copy, sizeof copy, "%s", line);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
		assert_true(argc < WORDS);
		argv[argc++] = word;
	}
	optind = 0; /* getopt begins anew */
	memset(err, 0, sizeof *err);
	return options_parse(o, argc, argv, err);
}

static void reads_commands_and_configs(void **state)
{
	static const struct {
		const char *line;
		enum command command;
		size_t n_configs;
	} cases[] = {
		{ "--config a.yaml", COMMAND_RUN, 1 },
		{ "-c a.yaml -c b --config=c", COMMAND_RUN, 3 },
		{ "check --config a.yaml", COMMAND_CHECK, 1 },
		{ "--config a.yaml check", COMMAND_CHECK, 1 },
		{ "probe -ca.yaml", COMMAND_PROBE, 1 },
		{ "doctor -c a.yaml -o json", COMMAND_DOCTOR, 1 },
		{ "list", COMMAND_LIST, 0 },
		{ "list --config a.yaml", COMMAND_LIST, 1 },
		{ "watch a -c b", COMMAND_WATCH, 1 },
		{ "status", COMMAND_STATUS, 0 },
		{ "status -c a -c b x", COMMAND_STATUS, 2 },
		{ "drain --wait a b", COMMAND_DRAIN, 0 },
		{ "resume", COMMAND_RESUME, 0 },
		{ "--help", COMMAND_HELP, 0 },
		{ "-V", COMMAND_VERSION, 0 },
		{ "check --version", COMMAND_VERSION, 0 },
	};
	struct options o;
	struct err err;
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(parse(&o, &err, cases[i].line), 0);
		assert_int_equal(o.command, cases[i].command);
		assert_int_equal(o.n_configs, cases[i].n_configs);
		options_finish(&o);
	}
}

static void keeps_the_order_of_configs(void **state)
{
	struct options o;
	struct err err;
	UNUSED(state);
	assert_int_equal(parse(&o, &err, "-c one --config two"), 0);
	assert_string_equal(o.configs[0], "one");
	assert_string_equal(o.configs[1], "two");
	options_finish(&o);
}

static void reads_what_list_and_watch_take(void **state)
{
	struct options o;
	struct err err;
	UNUSED(state);
	assert_int_equal(parse(&o, &err, "list a -o json b --prefix /p/q// -f kratos -e h:1"), 0);
	assert_int_equal(o.n_services, 2);
	assert_string_equal(o.services[0], "a");
	assert_string_equal(o.services[1], "b");
	assert_int_equal(o.style, LISTING_JSON);
	assert_string_equal(o.prefix, "/p/q");
	assert_true(o.has_format);
	assert_int_equal(o.format, FORMAT_KRATOS);
	assert_string_equal(o.endpoints, "h:1");
	options_finish(&o);

	assert_int_equal(parse(&o, &err, "list"), 0);
	assert_int_equal(o.n_services, 0);
	assert_int_equal(o.style, LISTING_TABLE);
	assert_null(o.prefix);
	assert_false(o.has_format);
	assert_null(o.endpoints);
	options_finish(&o);
}

static void reads_what_speaks_to_an_agent(void **state)
{
	struct options o;
	struct err err;
	UNUSED(state);
	assert_int_equal(parse(&o, &err, "drain a --wait --admin unix:/run/a.sock b"), 0);
	assert_int_equal(o.n_services, 2);
	assert_string_equal(o.services[1], "b");
	assert_true(o.wait);
	assert_int_equal(o.admin.kind, TARGET_UNIX);
	assert_string_equal(o.admin.path, "/run/a.sock");
	options_finish(&o);

	assert_int_equal(parse(&o, &err, "status --admin=[::1]:9464 -o json"), 0);
	assert_int_equal(o.admin.kind, TARGET_INET);
	assert_int_equal(o.admin.inet.port, 9464);
	assert_int_equal(o.style, LISTING_JSON);
	assert_false(o.wait);
	options_finish(&o);

	assert_int_equal(parse(&o, &err, "resume"), 0);
	assert_int_equal(o.n_services, 0);
	assert_false(target_is_set(&o.admin));
	options_finish(&o);
}

static void says_what_is_wrong(void **state)
{
	static const struct {
		const char *line;
		enum err_code code;
		const char *text;
	} cases[] = {
		{ "", ERR_MISSING, "--config FILE|DIR is needed" },
		{ "check", ERR_MISSING, "--config FILE|DIR is needed" },
		{ "--config", ERR_MISSING, "--config needs a value" },
		{ "-c", ERR_MISSING, "-c needs a value" },
		{ "-c a run2", ERR_UNKNOWN, "unknown command 'run2'" },
		{ "chek -c a", ERR_UNKNOWN, "unknown command 'chek' (did you mean 'check'?)" },
		{ "doctor", ERR_MISSING, "--config FILE|DIR is needed" },
		{ "check probe -c a", ERR_SYNTAX, "'probe' is one word too many" },
		{ "--confg a", ERR_UNKNOWN, "unknown option '--confg' (did you mean '--config'?)" },
		{ "-x", ERR_UNKNOWN, "unknown option '-x'" },
		{ "watch", ERR_MISSING, "watch needs the name of a service" },
		{ "check -c a -e b", ERR_UNKNOWN, "--endpoints is for list and watch" },
		{ "-c a -o json", ERR_UNKNOWN, "--output is for doctor, list, watch and status" },
		{ "list -c a -e b", ERR_SYNTAX, "--config and --endpoints exclude each other" },
		{ "list -o xml", ERR_UNKNOWN, "--output is table or json, not 'xml'" },
		{ "list -f services2", ERR_UNKNOWN, "'services2' is no format of keys and values" },
		{ "list --wait", ERR_UNKNOWN, "--wait is for drain" },
		{ "resume --wait", ERR_UNKNOWN, "--wait is for drain" },
		{ "list --admin :1", ERR_UNKNOWN, "--admin is for status, drain and resume" },
		{ "--admin :1 -c a", ERR_UNKNOWN, "--admin is for status, drain and resume" },
		{ "drain -o json", ERR_UNKNOWN, "--output is for doctor, list, watch and status" },
		{ "drain --admin", ERR_MISSING, "--admin needs a value" },
		{ "drain --admin :1 -c a", ERR_SYNTAX, "--config and --admin exclude each other" },
		{ "status --admin unix:a", ERR_SYNTAX,
				"--admin: 'unix:a' needs an absolute path (unix:/run/x.sock)" },
		{ "status -e h:1", ERR_UNKNOWN, "--endpoints is for list and watch" },
		{ "drain --wait=1", ERR_UNKNOWN,
				"unknown option '--wait=1' (did you mean '--wait'?)" },
		{ "check -c a --seccomp off", ERR_UNKNOWN,
				"--seccomp is for the agent, not for a command" },
		{ "-c a --seccomp", ERR_MISSING, "--seccomp needs a value" },
		{ "-c a --seccomp trap", ERR_UNKNOWN, "--seccomp is on, off or kill, not 'trap'" },
		{ "list -p //", ERR_RANGE, "--prefix needs a name in its path" },
	};
	struct options o;
	struct err err;
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(parse(&o, &err, cases[i].line), -1);
		assert_string_equal(err.text, cases[i].text);
		assert_int_equal(err.code, cases[i].code);
		assert_null(o.configs);
		assert_int_equal(o.n_configs, 0);
	}
}

static void names_a_letter_within_a_word(void **state)
{
	struct options o;
	struct err err;
	UNUSED(state);
	assert_int_equal(parse(&o, &err, "-xV"), -1);
	assert_non_null(strstr(err.text, "x"));
	assert_null(strstr(err.text, "svc-agent"));
}

static void help_names_every_command_and_option(void **state)
{
	static const char *const words[] = { "check", "probe", "list", "watch", "status", "drain",
		"resume", "--admin", "--wait", "--endpoints", "-c, --config", "-h, --help",
		"-V, --version", "75", "78" };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	UNUSED(state);
	assert_non_null(out);
	options_help(out);
	assert_int_equal(fclose(out), 0);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		assert_non_null(strstr(text, words[i]));
	}
	free(text);
}

static void finish_is_safe_when_zeroed(void **state)
{
	struct options o = { 0 };
	UNUSED(state);
	options_finish(&o);
	assert_null(o.configs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_commands_and_configs),
		cmocka_unit_test(keeps_the_order_of_configs),
		cmocka_unit_test(reads_what_list_and_watch_take),
		cmocka_unit_test(reads_what_speaks_to_an_agent),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(names_a_letter_within_a_word),
		cmocka_unit_test(help_names_every_command_and_option),
		cmocka_unit_test(finish_is_safe_when_zeroed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
