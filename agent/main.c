/* SPDX-License-Identifier: Apache-2.0 */
/* main - from the command line to one of the commands. */
#include <signal.h>
#include <stdio.h>

#include "agent/agent.h"
#include "agent/descriptor_set.h"
#include "agent/log.h"
#include "agent/options.h"
#include "agent/probe_once.h"

static enum exit_code check(const struct descriptor_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		(void)printf("%s# %s\n", i > 0 ? "---\n" : "", set->at[i].file);
		descriptor_print(&set->at[i], SECRETS_MASKED, stdout);
	}
	return EXIT_DONE;
}

static enum exit_code probe(const struct descriptor_set *set, struct err *err)
{
	log_setup(LOG_ERROR, set->at[0].log.format); /* the result says it all */
	return probe_once(set, stdout, err);
}

static enum exit_code run(const struct descriptor_set *set, struct err *err)
{
	log_setup(set->at[0].log.level, set->at[0].log.format);
	return agent_run(set, err);
}

/* The commands that need descriptors. */
static enum exit_code with_descriptors(const struct options *o)
{
	struct problems problems = { 0 };
	struct descriptor_set set;
	struct err err = { 0 };
	enum exit_code code = EXIT_CONFIG;

	if (descriptor_set_load(&set, o->configs, o->n_configs, &problems) < 0) {
		problems_print(&problems, stderr);
		(void)fprintf(stderr, "svc-agent: %zu problem%s, nothing started\n",
				problems.n_errors, problems.n_errors == 1 ? "" : "s");
		problems_finish(&problems);
		return EXIT_CONFIG;
	}
	problems_print(&problems, stderr);
	problems_finish(&problems);
	switch (o->command) {
	case COMMAND_RUN:
		code = run(&set, &err);
		break;
	case COMMAND_CHECK:
		code = check(&set);
		break;
	case COMMAND_PROBE:
		code = probe(&set, &err);
		break;
	case COMMAND_HELP:
	case COMMAND_VERSION:
		break;
	}
	if (code == EXIT_INTERNAL || code == EXIT_USAGE) {
		(void)fprintf(stderr, "svc-agent: %s\n", err.text);
	}
	descriptor_set_finish(&set);
	return code;
}

int main(int argc, char **argv)
{
	struct options options;
	struct err err;
	enum exit_code code = EXIT_DONE;

	(void)signal(SIGPIPE, SIG_IGN); /* nobody reading the log is no reason to withdraw */
	if (options_parse(&options, argc, argv, &err) < 0) {
		(void)fprintf(stderr, "svc-agent: %s\nTry 'svc-agent --help'.\n", err.text);
		return EXIT_USAGE;
	}
	switch (options.command) {
	case COMMAND_HELP:
		options_help(stdout);
		break;
	case COMMAND_VERSION:
		(void)puts("svc-agent " SVC_AGENT_VERSION);
		break;
	case COMMAND_RUN:
	case COMMAND_CHECK:
	case COMMAND_PROBE:
		code = with_descriptors(&options);
		break;
	}
	options_finish(&options);
	return (int)code;
}
