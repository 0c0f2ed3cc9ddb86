/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/patient.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/clock.h"

#define PAUSE  0.01 /* seconds */
#define WAIT   0.5  /* seconds within ... */
#define WITHIN 5.0  /* ... these: a service can be left alone for that long */

static struct {
	double begun; /* when the first wait of some began */
	double waited;
	unsigned failures;
} kept;

/* False when there was enough of it. */
static bool wait_a_little(void)
{
	const struct timespec pause = { .tv_nsec = (long)(PAUSE * 1e9) };
	double now = clock_now();

	if (now - kept.begun > WITHIN) {
		kept.begun = now;
		kept.waited = 0.0;
	}
	if (kept.waited >= WAIT) {
		return false;
	}
	(void)nanosleep(&pause, NULL);
	kept.waited += PAUSE;
	return true;
}

void *patient_get(void *at, size_t size)
{
	do {
		void *got = realloc(at, size > 0 ? size : 1);
		if (got != NULL) {
			return got;
		}
	} while (wait_a_little());
	kept.failures++;
	return NULL;
}

char *patient_text(const char *text, size_t len)
{
	char *copy = patient_get(NULL, len + 1);

	if (copy != NULL) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

unsigned patient_failures(void)
{
	return kept.failures;
}
