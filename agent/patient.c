/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/patient.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/clock.h"
#include "agent/util.h"

#define PAUSE  0.01 /* seconds */
#define WAIT   0.5  /* seconds within ... */
#define WITHIN 5.0  /* ... these: a service can be left alone for that long */
#define PAUSES 50   /* that WAIT has room for */

static struct {
	struct {
		double ended, took;
	} pauses[PAUSES]; /* the last ones */
	unsigned next;    /* place of the next one: that of the oldest */
	unsigned failures;
} kept;

static double waited_since(double when)
{
	double sum = 0.0;

	for (size_t i = 0; i < ARRAY_LEN(kept.pauses); i++) {
		sum += kept.pauses[i].ended > when ? kept.pauses[i].took : 0.0;
	}
	return sum;
}

/* Not a signal shortens it. */
static void pause_once(void)
{
	struct timespec left = { .tv_nsec = (long)(PAUSE * 1e9) };

	while (nanosleep(&left, &left) < 0 && errno == EINTR) {
	}
}

/* False when there was enough of it. */
static bool wait_a_little(void)
{
	double begun = clock_now();

	if (waited_since(begun + PAUSE - WITHIN) + PAUSE > WAIT) {
		return false;
	}
	pause_once();
	double took = clock_now() - begun;
	took = took > PAUSE ? took : PAUSE;
	kept.pauses[kept.next].ended = begun + took;
	kept.pauses[kept.next].took = took;
	kept.next = (kept.next + 1) % PAUSES;
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
