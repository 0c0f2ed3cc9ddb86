/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/watched_free.h"

#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const char *watched;
unsigned frees, left_behind;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void __wrap_free(void *block);
void __real_free(void *block);
void *__wrap_realloc(void *block, size_t size);
void *__real_realloc(void *block, size_t size);

static void look(void *block)
{
	if (watched == NULL || block == NULL) {
		return;
	}
	frees++;
	if (memmem(block, malloc_usable_size(block), watched, strlen(watched)) != NULL) {
		left_behind++;
	}
}

void __wrap_free(void *block)
{
	look(block);
	__real_free(block);
}

void *__wrap_realloc(void *block, size_t size)
{
	look(block);
	return __real_realloc(block, size);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
