/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/seccomp_library.h"

#include "agent/util.h"

LIBRARY_NOTE(note, "seccomp", SVC_SONAME);

static const char *const names[] = { SECCOMP_LIBRARY(LIBRARY_NAME) };

struct seccomp_library seccomp_library;

static struct library library = {
	.what = "--seccomp",
	.file = SVC_SONAME,
	.names = names,
	.n = ARRAY_LEN(names),
	.pointers = &seccomp_library,
};

int seccomp_library_load(struct err *err)
{
	_Static_assert(sizeof seccomp_library == ARRAY_LEN(names) * sizeof(void *),
			"one pointer a name");
	return library_load(&library, err);
}

void seccomp_library_unload(void)
{
	library_unload(&library);
}
