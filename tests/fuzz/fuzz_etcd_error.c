/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any code and any text of etcd is one kind of trouble; that a lease is gone is said by NOT_FOUND
 * and etcd's own words alone; the sentence fits, and brings in nothing that steers a terminal.
 *
 * The input: the code (2 bytes, less 100), which kind to say (1), texts: etcd's, the user, keys.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/net/etcd_error.h"
#include "agent/net/grpc_status.h"
#include "agent/utf8.h"
#include "tests/fuzz/fuzz.h"

#define KEYS 3

static enum etcd_trouble read_error(int code, const char *text)
{
	enum etcd_trouble trouble = etcd_error_read(code, text);

	HOLDS(trouble < N_TROUBLES);
	HOLDS((trouble == TROUBLE_NONE) == (code == GRPC_OK));
	HOLDS(trouble != TROUBLE_GONE ||
			(code == GRPC_NOT_FOUND && strstr(text, "lease not found") != NULL));
	const struct etcd_consequence *then = etcd_error_consequence(trouble);
	HOLDS(!then->repeat || then->leave); /* it goes to another one */
	return trouble;
}

static void say(enum etcd_trouble trouble, const struct etcd_error_about *about, int code,
		const char *text, size_t size)
{
	char *sentence = malloc(size);

	HOLDS(sentence != NULL);
	etcd_error_say(sentence, size, trouble, about, code, text);
	HOLDS(strnlen(sentence, size) < size && (sentence[0] != '\0' || size == 1));
	free(sentence);
}

/* With sound words of etcd, what is said is sound. */
static void say_sound(enum etcd_trouble trouble, const struct etcd_error_about *about, int code,
		char *text)
{
	char sentence[ETCD_SENTENCE_MAX];

	utf8_make_harmless(text);
	text[strnlen(text, GRPC_MESSAGE_MAX)] = '\0';
	etcd_error_say(sentence, sizeof sentence, trouble, about, code, text);
	for (const char *at = sentence; *at != '\0'; at++) {
		HOLDS((uint8_t)*at >= 0x20 && *at != 0x7f);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };
	int code = (int)fuzz_u16(&in) - 100;
	enum etcd_trouble which = fuzz_u8(&in) % N_TROUBLES;
	char *text = fuzz_take_text(&in), *user = fuzz_take_text(&in);
	char *keys[KEYS];

	utf8_make_harmless(user);
	for (size_t i = 0; i < KEYS; i++) {
		keys[i] = fuzz_take_text(&in); /* the descriptor's, and so no bytes that steer */
		utf8_make_harmless(keys[i]);
	}
	const char *const known[KEYS] = { keys[0], keys[1], keys[2] };
	struct etcd_error_about about = {
		.user = user, .keys = known, .n_keys = size % (KEYS + 1)
	};
	enum etcd_trouble trouble = read_error(code, text);
	say(trouble, &about, code, text, ETCD_SENTENCE_MAX);
	say(which, &about, code, text, 1 + size % 90);
	about.reading = about.n_keys > 0;
	say(which, &about, code, text, ETCD_SENTENCE_MAX);
	say_sound(which, &about, code, text);
	for (size_t i = 0; i < KEYS; i++) {
		free(keys[i]);
	}
	free(user);
	free(text);
	return 0;
}
