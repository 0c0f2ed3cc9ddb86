/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/openssl_library.h"

#include "agent/util.h"

#ifdef SVC_STATIC

int openssl_library_load(struct err *err)
{
	UNUSED(err);
	return 0;
}

#else

LIBRARY_NOTE(note, "tls", SVC_SONAME);

static const char *const names[] = { OPENSSL_LIBRARY(LIBRARY_NAME) };

struct openssl_library openssl_library;

int openssl_library_load(struct err *err)
{
	static struct library library = {
		.what = "TLS",
		.file = SVC_SONAME,
		.names = names,
		.n = ARRAY_LEN(names),
		.pointers = &openssl_library,
	};

	_Static_assert(sizeof openssl_library == ARRAY_LEN(names) * sizeof(void *),
			"one pointer a name");
	return library_load(&library, err);
}

#endif
