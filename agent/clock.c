/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/clock.h"

#include <stddef.h>
#include <time.h>

static double boot_time(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_BOOTTIME, &ts); /* cannot fail for a clock that exists */
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double (*source)(void) = boot_time;

double clock_now(void)
{
	return source();
}

void clock_replace(double (*now)(void))
{
	source = now != NULL ? now : boot_time;
}
