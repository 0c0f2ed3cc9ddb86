/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_STATUS_H
#define TESTS_FUZZ_STATUS_H

/* status - from an input to what an agent may say of itself, with texts that are the input's. */

#include "agent/admin/status.h"
#include "tests/fuzz/fuzz.h"

#define FUZZ_STATUS_TEXTS 256

struct fuzz_status {
	struct status status;
	struct counts counts;
	uint64_t reasons[N_REASONS];
	struct endpoints endpoints;     /* of both clusters, if there are any */
	char *texts[FUZZ_STATUS_TEXTS]; /* owned */
	size_t n_texts;
};

void fuzz_status_make(struct fuzz_status *s, struct fuzz_bytes *b);
void fuzz_status_finish(struct fuzz_status *s);

#endif
