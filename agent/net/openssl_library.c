/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/openssl_library.h"

#include <stdlib.h>

#include "agent/util.h"
#include "agent/wiping.h"

static void *on_malloc(size_t size, const char *file, int line)
{
	UNUSED(file);
	UNUSED(line);
	return size == 0 ? NULL : malloc(size);
}

static void *on_realloc(void *block, size_t size, const char *file, int line)
{
	UNUSED(file);
	UNUSED(line);
	return wiping_realloc(block, size);
}

static void on_free(void *block, const char *file, int line)
{
	UNUSED(file);
	UNUSED(line);
	wiping_free(block);
}

/* What it has decoded of a key, and what it has decrypted, is gone with the block. Too late when
 * libcurl was first: then OpenSSL wipes what it thinks of by itself. */
static void wipe_what_is_freed(void)
{
	(void)CRYPTO_set_mem_functions(on_malloc, on_realloc, on_free);
}

#ifdef SVC_STATIC

int openssl_library_load(struct err *err)
{
	UNUSED(err);
	wipe_what_is_freed();
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
	bool first = !library.loaded;
	int result = library_load(&library, err);
	if (result == 0 && first) {
		wipe_what_is_freed();
	}
	return result;
}

#endif
