/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/wiping.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/patient.h"
#include "agent/util.h"

/* What sending and receiving take. */
#define STACK_BELOW 49152

void wiping_free(void *block)
{
	if (block != NULL) {
		explicit_bzero(block, malloc_usable_size(block));
		free(block);
	}
}

/* Not realloc: what it leaves behind would keep its bytes. */
void *wiping_realloc(void *block, size_t size)
{
	size_t had = block == NULL ? 0 : malloc_usable_size(block);

	if (size > 0 && size <= had) {
		return block;
	}
	void *grown = size == 0 ? NULL : patient_get(NULL, size);
	if (grown != NULL && had > 0) {
		memcpy(grown, block, had < size ? had : size);
	}
	if (grown != NULL || size == 0) {
		wiping_free(block);
	}
	return grown;
}

/*
 * What was copied last is in the processor's vector registers, too, from where
 * it would come to the stack again. Copies of as many lengths as take other
 * ways through the C library's memcpy use the same registers for zeros.
 */
__attribute__((noinline)) void wiping_stack(void)
{
	static const size_t lengths[] = { 24, 48, 96, 200, 400, 800, 1600 };
	uint8_t below[STACK_BELOW] LEFT_AS_IT_IS;

	explicit_bzero(below, sizeof below);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		memcpy(below, below + sizeof below / 2, lengths[i]);
		explicit_bzero(below, lengths[i]);
	}
}
