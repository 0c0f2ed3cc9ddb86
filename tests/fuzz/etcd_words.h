/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_ETCD_WORDS_H
#define TESTS_FUZZ_ETCD_WORDS_H

/* etcd_words - what an etcd might answer to a call: of the right kind, with whatever in it. */

#include "tests/fuzz/fuzz.h"

#define WORDS_PREFIX "/s/a/"
#define WORDS_KEY    WORDS_PREFIX "h:1"
#define WORDS_OTHER  WORDS_PREFIX "h:2"
#define WORDS_VALUE  "{\"host\":\"h\",\"port\":1}"
#define WORDS_LEASE  7

struct etcd_words {
	size_t len;
	uint8_t at[2048];
};

/* A message that answers a call to that path; what stands in it is of the input. */
void etcd_words(struct etcd_words *w, const char *path, struct fuzz_bytes *in);

/* How a call may end: etcd's code, and its text for that. */
struct etcd_end_words {
	unsigned code;
	const char *text;
};

const struct etcd_end_words *etcd_words_end(uint8_t which);

#endif
