/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_VIEW_H
#define TESTS_FUZZ_VIEW_H

/*
 * view - from an input to what the outputs of a reader are given: a service as a descriptor may
 * name it, with instances whose texts are the input's.
 */

#include "agent/outputs/view.h"
#include "tests/fuzz/fuzz.h"

struct fuzz_view {
	struct output_view view;
	char *service, *prefix; /* owned */
};

enum fuzz_hosts {
	HOSTS_VALID, /* as all that is read from etcd or from a file */
	HOSTS_ANY    /* texts that no reader lets through */
};

void fuzz_view_make(struct fuzz_view *v, struct fuzz_bytes *b, enum fuzz_hosts hosts);
void fuzz_view_finish(struct fuzz_view *v);

/* One such instance; its metadata is an object whatever the input has. */
struct instance *fuzz_instance(struct fuzz_bytes *b, enum fuzz_hosts hosts);

/* A text of [A-Za-z0-9._-] and the signs in `more`, made from the next one of the input; not empty.
 * Freed by the caller. */
char *fuzz_take_name(struct fuzz_bytes *b, const char *more);

#endif
