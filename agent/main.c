/* SPDX-License-Identifier: Apache-2.0 */
/* main - from the command line to one of the commands. */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/admin/control.h"
#include "agent/agent.h"
#include "agent/colour.h"
#include "agent/core_dumps.h"
#include "agent/descriptor/descriptor_set.h"
#include "agent/doctor/doctor.h"
#include "agent/listing.h"
#include "agent/log.h"
#include "agent/loop_memory.h"
#include "agent/options.h"
#include "agent/probe_once.h"
#include "agent/utf8.h"

#define LARGE_BUFFER (256 << 10) /* bytes; what is larger gets pages of its own */

/* A name of a file may have any sign in it, and would go on as YAML behind a line end. */
static enum exit_code check(const struct descriptor_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		char *name = strdup(set->at[i].file);
		if (name != NULL) {
			utf8_make_harmless(name);
		}
		(void)printf("%s# %s\n", i > 0 ? "---\n" : "", name == NULL ? "" : name);
		free(name);
		descriptor_print(&set->at[i], SECRETS_MASKED, stdout);
	}
	return EXIT_DONE;
}

static enum exit_code probe(const struct descriptor_set *set, struct err *err)
{
	log_setup(LOG_ERROR, set->at[0].log.format); /* the result says it all */
	return probe_once(set, stdout, err);
}

/*
 * The usual meaning of a hangup is to end, and nothing healthy may go because
 * it comes early: it waits until the agent listens for it.
 */
static void hold_hangups(void)
{
	sigset_t hangup;

	(void)sigemptyset(&hangup);
	(void)sigaddset(&hangup, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &hangup, NULL);
}

static enum exit_code run(const struct options *o, struct descriptor_set *set, struct err *err)
{
	struct agent_start start = {
		.set = *set,
		.paths = o->configs,
		.n_paths = o->n_configs,
		.ready_fd = o->ready_fd,
		.seccomp = o->seccomp,
		.version = SVC_AGENT_VERSION,
	};

	*set = (struct descriptor_set){ 0 };
	log_setup(start.set.at[0].log.level, start.set.at[0].log.format);
	log_never_wait();
	return agent_run(&start, err);
}

/*
 * Whom `list` and `watch` ask when no descriptor says it: what they read is a
 * descriptor with nothing but defaults in it, and --endpoints stands for the
 * variable that one of them honours.
 */
static int load_defaults(
		struct descriptor_set *set, const struct options *o, struct problems *problems)
{
	static const char text[] = "service: {name: any, port: 1}\n";

	*set = (struct descriptor_set){ .at = calloc(1, sizeof *set->at) };
	bool named = o->endpoints == NULL || setenv("ETCD_HOSTS", o->endpoints, 1) == 0;
	if (set->at == NULL || !named) {
		problems_lack(problems, "out of memory");
	}
	if (problems->n_errors > 0 || descriptor_parse(set->at, "--endpoints", text,
						      sizeof text - 1, problems) < 0) {
		descriptor_set_finish(set);
		return -1;
	}
	set->n = 1;
	return 0;
}

static int load(struct descriptor_set *set, const struct options *o, struct problems *problems)
{
	return o->n_configs > 0 ? descriptor_set_load(set, o->configs, o->n_configs, problems)
				: load_defaults(set, o, problems);
}

/* What the command line does not say, the first descriptor does. */
static enum exit_code list_or_watch(
		const struct options *o, const struct descriptor_set *set, struct err *err)
{
	const struct descriptor *d = &set->at[0];
	const char *prefix = d->discover.on ? d->discover.prefix : d->registry.prefix;
	enum format format = d->discover.on ? d->discover.format : d->registry.formats.at[0];
	const struct listing l = {
		.etcd = &d->etcd,
		.prefix = o->prefix != NULL ? o->prefix : prefix,
		.format = o->has_format ? o->format : format,
		.services = o->services,
		.n_services = o->n_services,
		.style = o->style,
		.out = stdout,
	};

	log_setup(LOG_WARN, d->log.format);
	return o->command == COMMAND_LIST ? listing_now(&l, err) : listing_follow(&l, err);
}

/* Of a running agent, which is at `at`; NULL: at the usual place. */
static enum exit_code control(const struct options *o, const struct target *at, struct err *err)
{
	struct target usual;
	const struct control c = {
		.verb = o->command == COMMAND_STATUS  ? CONTROL_STATUS
			: o->command == COMMAND_DRAIN ? CONTROL_DRAIN
						      : CONTROL_RESUME,
		.at = at != NULL ? at : &usual,
		.services = o->services,
		.n_services = o->n_services,
		.wait = o->wait,
		.style = o->style,
		.out = stdout,
	};

	return target_parse(&usual, CONTROL_DEFAULT, err) < 0 ? EXIT_INTERNAL
							      : control_run(&c, err);
}

/* To a person: what somebody else has said is in it. */
static void complain(const struct err *err, const char *more)
{
	struct err shown = *err;

	utf8_make_harmless(shown.text);
	(void)fprintf(stderr, "svc-agent: %s\n%s", shown.text, more);
}

static enum exit_code end_with(enum exit_code code, const struct err *err)
{
	if (code != EXIT_DONE && err->text[0] != '\0') {
		complain(err, "");
	}
	return code;
}

/* A pipe is left by who has read enough of it. */
static bool is_pipe(int fd)
{
	struct stat info;

	return fstat(fd, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode));
}

/* What is said for its own sake, and not beside something that is done, has to arrive. */
static enum exit_code end_output(enum command command, enum exit_code code)
{
	bool acts = command == COMMAND_RUN || command == COMMAND_DRAIN || command == COMMAND_RESUME;
	bool bad = fflush(stdout) != 0 || ferror(stdout) != 0;

	if (!bad || acts || is_pipe(STDOUT_FILENO) || (code != EXIT_DONE && code != EXIT_NO)) {
		return code;
	}
	(void)fputs("svc-agent: what there is to say cannot all be written: "
		    "standard output fails\n",
			stderr);
	return EXIT_INTERNAL;
}

static enum exit_code without_descriptors(const struct options *o)
{
	struct err err = { 0 };

	return end_with(control(o, target_is_set(&o->admin) ? &o->admin : NULL, &err), &err);
}

/* A descriptor is wrong, or it is not known whether one is. */
static enum exit_code refuse(const struct problems *problems)
{
	if (problems->lack.code != ERR_NONE) {
		(void)fprintf(stderr, "svc-agent: %s, nothing started\n", problems->lack.text);
		return EXIT_INTERNAL;
	}
	(void)fprintf(stderr, "svc-agent: %zu problem%s, nothing started\n", problems->n_errors,
			problems->n_errors == 1 ? "" : "s");
	return EXIT_CONFIG;
}

/* The commands that need descriptors. */
static enum exit_code with_descriptors(const struct options *o)
{
	struct problems problems = { 0 };
	struct descriptor_set set;
	struct err err = { 0 };
	enum exit_code code = EXIT_CONFIG;

	bool sound = load(&set, o, &problems) == 0;
	problems_print(&problems, stderr);
	if (!sound) {
		code = refuse(&problems);
		problems_finish(&problems);
		return code;
	}
	problems_finish(&problems);
	switch (o->command) {
	case COMMAND_RUN:
		code = run(o, &set, &err);
		break;
	case COMMAND_CHECK:
		code = check(&set);
		break;
	case COMMAND_PROBE:
		code = probe(&set, &err);
		break;
	case COMMAND_LIST:
	case COMMAND_WATCH:
		code = list_or_watch(o, &set, &err);
		break;
	case COMMAND_STATUS:
	case COMMAND_DRAIN:
	case COMMAND_RESUME:
		code = control(o, descriptor_set_admin(&set), &err);
		break;
	case COMMAND_DOCTOR:
	case COMMAND_HELP:
	case COMMAND_VERSION:
		break;
	}
	descriptor_set_finish(&set);
	return end_with(code, &err);
}

/* A descriptor that is wrong is the first that it finds, so it loads them itself. */
static enum exit_code doctor(const struct options *o)
{
	const struct doctor_options d = {
		.configs = o->configs,
		.n_configs = o->n_configs,
		.json = o->style == LISTING_JSON,
		.colour = colour_is_wanted(stdout),
		.out = stdout,
	};
	struct err err = { 0 };

	log_setup(LOG_ERROR, LOG_TEXT); /* the findings say it all */
	enum exit_code code = doctor_run(&d, &err);
	if (code == EXIT_INTERNAL) {
		complain(&err, "");
	}
	return code;
}

/*
 * A page of a big store is a large buffer for a moment. glibc, left to itself,
 * would after a while take these from its heap, where each leaves its traces in
 * another place: pages of its own, given back at its end, leave none.
 */
static void keep_large_buffers_apart(void)
{
#ifdef M_MMAP_THRESHOLD
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BUFFER);
#endif
}

/* In a root without /dev/null the root itself is what cannot be written to. */
static void open_nothing(void)
{
	if (open("/dev/null", O_RDONLY) < 0) {
		(void)!open("/", O_RDONLY);
	}
}

/*
 * Whoever starts us may have closed some of 0, 1 and 2. What is opened next would take their
 * places: the log was written to the connection to a service, or to etcd.
 */
static void keep_standard_places(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0) {
			open_nothing(); /* the lowest that is free is this one */
		}
	}
}

/* Nothing can be withdrawn any more: that takes the loop. */
static void end_without_loop(const char *why)
{
	log_write(LOG_ERROR, LOG_FIELDS(LOG_SAY(why)),
			"the event loop cannot go on, ended: what is registered expires within "
			"its TTL");
	_exit(EXIT_INTERNAL);
}

int main(int argc, char **argv)
{
	struct options options;
	struct err err;
	enum exit_code code = EXIT_DONE;

	keep_standard_places();
	core_dumps_allow(false); /* a secret may be in the environment already */
	keep_large_buffers_apart();
	loop_memory_use(end_without_loop);
	(void)signal(SIGPIPE, SIG_IGN); /* nobody reading the log is no reason to withdraw ... */
	(void)signal(SIGXFSZ, SIG_IGN); /* ... nor is a file that may not become larger */
	(void)signal(SIGUSR1, SIG_IGN); /* ... nor is what other daemons take for a word */
	(void)signal(SIGUSR2, SIG_IGN);
	if (options_parse(&options, argc, argv, &err) < 0) {
		bool ours = err.code == ERR_SYSTEM;
		complain(&err, ours ? "" : "Try 'svc-agent --help'.\n");
		return ours ? EXIT_INTERNAL : EXIT_USAGE;
	}
	if (options.command == COMMAND_RUN) {
		hold_hangups();
	}
	switch (options.command) {
	case COMMAND_HELP:
		options_help(stdout);
		break;
	case COMMAND_VERSION:
		(void)puts("svc-agent " SVC_AGENT_VERSION);
		break;
	case COMMAND_DOCTOR:
		code = doctor(&options);
		break;
	case COMMAND_RUN:
	case COMMAND_CHECK:
	case COMMAND_PROBE:
	case COMMAND_LIST:
	case COMMAND_WATCH:
		code = with_descriptors(&options);
		break;
	case COMMAND_STATUS:
	case COMMAND_DRAIN:
	case COMMAND_RESUME:
		code = options.n_configs > 0 ? with_descriptors(&options)
					     : without_descriptors(&options);
		break;
	}
	code = end_output(options.command, code);
	options_finish(&options);
	return (int)code;
}
