/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/admin/microhttpd_library.h"

#include "agent/util.h"

#ifdef SVC_STATIC

int microhttpd_library_load(struct err *err)
{
	UNUSED(err);
	return 0;
}

#else

LIBRARY_NOTE(note, "admin", SVC_SONAME);

static const char *const names[] = { MICROHTTPD_LIBRARY(LIBRARY_NAME) };

struct microhttpd_library microhttpd_library;

int microhttpd_library_load(struct err *err)
{
	static struct library library = {
		.what = "admin.listen",
		.file = SVC_SONAME,
		.names = names,
		.n = ARRAY_LEN(names),
		.pointers = &microhttpd_library,
	};

	_Static_assert(sizeof microhttpd_library == ARRAY_LEN(names) * sizeof(void *),
			"one pointer a name");
	return library_load(&library, err);
}

#endif
