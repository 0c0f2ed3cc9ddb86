/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/curl_library.h"

#include "agent/util.h"

#ifdef SVC_STATIC

int curl_library_load(struct err *err)
{
	UNUSED(err);
	return 0;
}

#else

LIBRARY_NOTE(note, "http", SVC_SONAME);

static const char *const names[] = { CURL_LIBRARY(LIBRARY_NAME) };

struct curl_library curl_library;

int curl_library_load(struct err *err)
{
	static struct library library = {
		.what = "HTTP",
		.file = SVC_SONAME,
		.names = names,
		.n = ARRAY_LEN(names),
		.pointers = &curl_library,
	};

	_Static_assert(sizeof curl_library == ARRAY_LEN(names) * sizeof(void *),
			"one pointer a name");
	return library_load(&library, err);
}

#endif
