/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/soak.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/world.h"

#define SOAK_HOURS 24.0

/* How many services reloads leave at one time is chance: the most of it has been there by then. */
#define WARM_UP 16 /* hours */

static unsigned long first, last; /* pages, at the end of the warm-up and of this hour */

/* Of the process and of no file, in pages; 0 when it cannot be told. */
static unsigned long resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	char line[128] = "", *rest = line;

	if (f != NULL) {
		if (fgets(line, sizeof line, f) == NULL) {
			line[0] = '\0';
		}
		(void)fclose(f);
	}
	(void)strtoul(rest, &rest, 10); /* of the address space */
	unsigned long all = strtoul(rest, &rest, 10);
	return all - strtoul(rest, &rest, 10);
}

static void on_hour(int hour)
{
	last = resident();
	first = hour <= WARM_UP ? last : first;
	printf("hour %2d: %lu pages resident\n", hour, last);
}

int soak(struct world *w)
{
	struct world_order order = {
		.seed = 1, .hours = SOAK_HOURS, .full_speed = true, .on_hour = on_hour
	};
	struct world_order warming = order;
	warming.seed = 2;
	warming.on_hour = NULL;

#ifdef __SANITIZE_ADDRESS__
	printf("skipped: the sanitizer keeps what is freed\n");
	return SOAK_SKIPPED;
#endif
	(void)setvbuf(stdout, NULL, _IOLBF, 4096);
	world_run(w, &warming); /* every path has been taken once, also the simulator's own */
	on_hour(0);
	world_run(w, &order);
	if (w->broken != NULL) {
		printf("at %.3f s: %s\n", w->broken_at, w->broken);
		return 1;
	}
	printf("%llu events, %llu faults\n", (unsigned long long)w->n_events,
			(unsigned long long)w->n_faults);
	return first > 0 && last == first ? 0 : 1;
}
