/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outputs-driver - the outputs of the agent without its reader.
 *
 * usage: outputs-driver [settle=MS] type=json path=FILE [type=exec command=WORD...]...
 *
 * Each line on stdin is a document, as the output json writes it, and becomes
 * what there is to write. What outputs tell is written to stdout, a line each,
 * "trouble: " or "good: " before it. The end of stdin ends it.
 */
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/outputs/document.h"
#include "agent/outputs/output.h"
#include "agent/util.h"

#define OUTPUTS_MAX 8
#define WORDS_MAX   16

static struct {
	struct ev_loop *loop;
	struct random random;
	struct output_settings settings[OUTPUTS_MAX];
	struct output *outputs[OUTPUTS_MAX];
	size_t n;
	unsigned settle_ms;
	struct output_view view;
	struct document document;
	char *text;
	size_t len, size;
} driver;

static void on_told(struct output *o, bool trouble, const char *sentence, void *user)
{
	UNUSED(o);
	UNUSED(user);
	(void)printf("%s: %s\n", trouble ? "trouble" : "good", sentence);
	(void)fflush(stdout);
}

static void fail(const char *what)
{
	(void)fprintf(stderr, "outputs-driver: %s\n", what);
	exit(2);
}

/* ---- its arguments --------------------------------------------------------------------------- */

static void begin(const char *type)
{
	static const char *const names[] = { "json", "envoy", "haproxy", "nginx", "exec" };
	static char none[] = "", service[] = "coupon-service";

	if (driver.n == OUTPUTS_MAX) {
		fail("too many outputs");
	}
	struct output_settings *s = &driver.settings[driver.n++];
	*s = (struct output_settings){ .path = none,
		.socket = none,
		.backend = service,
		.cluster = service,
		.upstream = service,
		.region = none,
		.timeout_ms = 10000 };
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(type, names[i]) == 0) {
			s->type = (enum output_type)i;
			return;
		}
	}
	fail(type);
}

static void add_word(struct words *words, char *word)
{
	if (words->at == NULL) {
		words->at = calloc(WORDS_MAX, sizeof *words->at);
	}
	if (words->at == NULL || words->n == WORDS_MAX - 1) {
		fail("too many words");
	}
	words->at[words->n++] = word;
}

static void set(const char *name, char *value)
{
	struct output_settings *s = &driver.settings[driver.n == 0 ? 0 : driver.n - 1];
	const struct {
		const char *name;
		char **text;
	} texts[] = {
		{ "path", &s->path },
		{ "socket", &s->socket },
		{ "backend", &s->backend },
		{ "cluster", &s->cluster },
		{ "upstream", &s->upstream },
		{ "region", &s->region },
	};

	for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
		if (strcmp(name, texts[i].name) == 0) {
			*texts[i].text = value;
			return;
		}
	}
	if (strcmp(name, "type") == 0) {
		begin(value);
	} else if (strcmp(name, "settle") == 0) {
		driver.settle_ms = (unsigned)strtoul(value, NULL, 10);
	} else if (strcmp(name, "timeout") == 0) {
		s->timeout_ms = (uint32_t)strtoul(value, NULL, 10);
	} else if (strcmp(name, "reload") == 0) {
		add_word(&s->reload, value);
	} else if (strcmp(name, "command") == 0) {
		add_word(&s->command, value);
	} else {
		fail(name);
	}
}

/* ---- its documents --------------------------------------------------------------------------- */

static void take(const char *line, size_t len)
{
	struct document d;
	struct err err;

	if (document_read(&d, line, len, &err) < 0) {
		fail(err.text);
	}
	document_finish(&driver.document);
	driver.document = d;
	driver.view = (struct output_view){
		.service = driver.document.service,
		.prefix = driver.document.prefix,
		.instances = driver.document.instances,
		.revision = driver.document.revision,
		.stale = driver.document.stale,
		.age = driver.document.age,
	};
	for (size_t i = 0; i < driver.n; i++) {
		output_touch(driver.outputs[i]);
	}
}

static void take_lines(void)
{
	char *end;

	while ((end = memchr(driver.text, '\n', driver.len)) != NULL) {
		size_t len = (size_t)(end - driver.text);
		take(driver.text, len);
		driver.len -= len + 1;
		memmove(driver.text, end + 1, driver.len);
	}
}

static void on_stdin(struct ev_loop *loop, ev_io *io, int revents)
{
	UNUSED(revents);
	if (driver.size - driver.len < 4096) {
		driver.size += 65536;
		driver.text = realloc(driver.text, driver.size);
		if (driver.text == NULL) {
			fail("out of memory");
		}
	}
	ssize_t got = read(io->fd, driver.text + driver.len, driver.size - driver.len);
	if (got <= 0) {
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	driver.len += (size_t)got;
	take_lines();
}

int main(int argc, char **argv)
{
	ev_io input;

	driver.loop = ev_default_loop(EVFLAG_AUTO);
	random_init(&driver.random);
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		if (value == NULL) {
			fail(argv[i]);
		}
		*value = '\0';
		set(argv[i], value + 1);
	}
	for (size_t i = 0; i < driver.n; i++) {
		driver.outputs[i] = output_create(driver.loop, &driver.settings[i],
				driver.settle_ms, &driver.view, &driver.random, on_told, NULL);
	}
	ev_io_init(&input, on_stdin, STDIN_FILENO, EV_READ);
	ev_io_start(driver.loop, &input);
	(void)ev_run(driver.loop, 0);
	for (size_t i = 0; i < driver.n; i++) {
		output_destroy(driver.outputs[i]);
		free(driver.settings[i].reload.at);
		free(driver.settings[i].command.at);
	}
	document_finish(&driver.document);
	free(driver.text);
	ev_loop_destroy(driver.loop);
	return 0;
}
