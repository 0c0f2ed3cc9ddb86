/* SPDX-License-Identifier: Apache-2.0 */
/* A command line, its words with a NUL between them, is read whole or refused. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "agent/options.h"
#include "tests/fuzz/fuzz.h"

#define WORDS_MAX 32

static bool is_word_of(const char *text, char *const *argv, int argc)
{
	for (int i = 1; i < argc; i++) {
		size_t len = strlen(argv[i]);
		if (text >= argv[i] && text <= argv[i] + len) {
			return true;
		}
	}
	return false;
}

static void check(const struct options *o, char *const *argv, int argc)
{
	size_t n;
	const struct command_row *row = &options_commands(&n)[o->command];

	HOLDS((size_t)o->command < n);
	HOLDS(o->command == COMMAND_HELP || o->command == COMMAND_VERSION || o->n_configs > 0 ||
			(row->takes & NEEDS_CONFIG) == 0);
	HOLDS(o->n_configs + o->n_services < (size_t)argc);
	HOLDS(o->format < N_FORMATS && (o->style == LISTING_TABLE || o->style == LISTING_JSON));
	for (size_t i = 0; i < o->n_configs; i++) {
		HOLDS(is_word_of(o->configs[i], argv, argc));
	}
	for (size_t i = 0; i < o->n_services; i++) {
		HOLDS(is_word_of(o->services[i], argv, argc));
	}
	HOLDS(o->endpoints == NULL || is_word_of(o->endpoints, argv, argc));
	HOLDS(o->prefix == NULL || is_word_of(o->prefix, argv, argc));
	HOLDS(o->ready_fd == -1 || o->ready_fd > 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	char name[] = "svc-agent", *words[WORDS_MAX] = { name }, *argv[WORDS_MAX + 1] = { name };
	struct options o;
	struct err err = { 0 };
	int argc = 1;

	while (argc < WORDS_MAX && b.left > 0) {
		words[argc] = fuzz_take_text(&b);
		argv[argc] = words[argc]; /* getopt changes the order of argv */
		argc++;
	}
	optind = 0; /* as in a new process */
	if (options_parse(&o, argc, argv, &err) == 0) {
		check(&o, words, argc);
	} else {
		HOLDS(err.text[0] != '\0' && o.configs == NULL && o.services == NULL);
	}
	options_finish(&o);
	for (int i = 1; i < argc; i++) {
		free(words[i]);
	}
	return 0;
}
