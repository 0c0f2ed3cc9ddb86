/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/random.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

void random_init(struct random *r)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed) {
		struct timespec ts; /* jitter is all that hangs on it */
		(void)clock_gettime(CLOCK_REALTIME, &ts);
		seed = (uint64_t)ts.tv_nsec ^ ((uint64_t)ts.tv_sec << 20) ^ (uint64_t)getpid();
	}
	random_seed(r, seed);
}

void random_seed(struct random *r, uint64_t seed)
{
	memcpy(r->state, &seed, sizeof r->state);
}

double random_between(struct random *r, double low, double high)
{
	double unit = erand48(r->state); /* [0, 1) */

	return high > low ? low + unit * (high - low) : low;
}

uint32_t random_below(struct random *r, uint32_t n)
{
	return (uint32_t)(erand48(r->state) * (double)n);
}
