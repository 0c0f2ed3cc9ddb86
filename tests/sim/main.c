/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim - days of the agent's life against a scripted etcd and a scripted service.
 *
 *   sim --seeds N [--from S] [--hours H] [--plant NAME]   N days, one for each seed
 *   sim --seed S [--hours H] [--plant NAME] [--trace]     one day, and its digest
 *   sim --replay N                                        N days twice, and their digests
 *   sim --soak                                            one long day, and its memory
 *   sim --judge                                           every planted fault is found
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/soak.h"
#include "tests/sim/world.h"

#define HOURS 24.0

/* A planted fault is found within so many days. */
#define DAYS_TO_FIND 60

enum job { TASK_SEEDS, TASK_SEED, TASK_REPLAY, TASK_SOAK, TASK_JUDGE };

struct options {
	enum job task;
	uint64_t from, seeds;
	struct world_order order;
};

static struct world world; /* too large for a stack */

static void say_broken(const struct world *w)
{
	printf("seed %" PRIu64 ": at %.3f s: %s\n", w->seed, w->broken_at, w->broken);
	trace_print_last(&w->trace);
	printf("replay: sim --seed %" PRIu64 " --hours %g%s%s --trace\n", w->seed,
			w->script.end / 3600.0, w->script.plant != PLANT_NOTHING ? " --plant " : "",
			w->script.plant != PLANT_NOTHING ? plant_name(w->script.plant) : "");
}

static int run_seeds(const struct options *o)
{
	struct world_order order = o->order;
	uint64_t events = 0, faults = 0, digest = 0;

	for (uint64_t i = 0; i < o->seeds; i++) {
		order.seed = o->from + i;
		world_run(&world, &order);
		if (world.broken != NULL) {
			say_broken(&world);
			return 1;
		}
		events += world.n_events;
		faults += world.n_faults;
		digest ^= world.trace.digest;
	}
	printf("%" PRIu64 " days of %g h from seed %" PRIu64 ": %" PRIu64 " events, %" PRIu64
	       " faults, no violation; digest %016" PRIx64 "\n",
			o->seeds, order.hours, o->from, events, faults, digest);
	printf("at most %u calls in a minute; of their bounds were used S1 %.2f, S2 %.2f, "
	       "L %.2f, T %.2f\n",
			judge_figures.calls, judge_figures.s1, judge_figures.s2, judge_figures.l,
			judge_figures.t);
	return 0;
}

static int run_seed(const struct options *o)
{
	world_run(&world, &o->order);
	if (world.broken != NULL) {
		say_broken(&world);
		return 1;
	}
	printf("seed %" PRIu64 ": %" PRIu64 " events, %" PRIu64 " faults, %" PRIu64
	       " facts, digest %016" PRIx64 "\n",
			world.seed, world.n_events, world.n_faults, world.trace.n,
			world.trace.digest);
	return 0;
}

static int run_replay(const struct options *o)
{
	struct world_order order = o->order;

	for (uint64_t i = 0; i < o->seeds; i++) {
		order.seed = o->from + i;
		world_run(&world, &order);
		uint64_t digest = world.trace.digest;
		world_run(&world, &order);
		if (world.trace.digest != digest) {
			printf("seed %" PRIu64 " is two different days\n", order.seed);
			return 1;
		}
		printf("seed %" PRIu64 ": digest %016" PRIx64 "\n", order.seed, digest);
	}
	return 0;
}

static bool finds(enum plant plant, const struct options *o)
{
	struct world_order order = { .hours = o->order.hours, .plant = plant };

	for (order.seed = o->from; order.seed < o->from + DAYS_TO_FIND; order.seed++) {
		world_run(&world, &order);
		if (world.broken != NULL) {
			printf("%-12s found in day %" PRIu64 ": %s\n", plant_name(plant),
					order.seed - o->from + 1, world.broken);
			return true;
		}
	}
	printf("%-12s not found in %d days\n", plant_name(plant), DAYS_TO_FIND);
	return false;
}

static int run_judge(const struct options *o)
{
	unsigned missed = finds(PLANT_NOTHING, o) ? 1 : 0; /* that would prove nothing */

	for (unsigned plant = PLANT_NOTHING + 1; plant < N_PLANTS; plant++) {
		missed += finds((enum plant)plant, o) ? 0 : 1;
	}
	return missed > 0 ? 1 : 0;
}

static void usage(void)
{
	fprintf(stderr, "usage: sim --seeds N [--from S] [--hours H] [--plant NAME]\n"
			"       sim --seed S [--hours H] [--plant NAME] [--trace]\n"
			"       sim --replay N [--from S] [--hours H]\n"
			"       sim --soak | --judge\n");
	exit(2);
}

static void read_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "seeds", required_argument, NULL, 'n' },
		{ "from", required_argument, NULL, 'f' },
		{ "seed", required_argument, NULL, 's' },
		{ "replay", required_argument, NULL, 'r' },
		{ "hours", required_argument, NULL, 'h' },
		{ "plant", required_argument, NULL, 'p' },
		{ "trace", no_argument, NULL, 't' },
		{ "soak", no_argument, NULL, 'm' },
		{ "judge", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};

	*o = (struct options){ .task = TASK_SEEDS, .from = 1, .order = { .hours = HOURS } };
	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
		switch (c) {
		case 'n':
			o->seeds = strtoull(optarg, NULL, 10);
			break;
		case 'f':
			o->from = strtoull(optarg, NULL, 10);
			break;
		case 's':
			o->task = TASK_SEED;
			o->order.seed = strtoull(optarg, NULL, 10);
			break;
		case 'r':
			o->task = TASK_REPLAY;
			o->seeds = strtoull(optarg, NULL, 10);
			break;
		case 'h':
			o->order.hours = strtod(optarg, NULL);
			break;
		case 'p':
			o->order.plant = plant_find(optarg);
			break;
		case 't':
			o->order.print = true;
			break;
		case 'm':
			o->task = TASK_SOAK;
			break;
		case 'j':
			o->task = TASK_JUDGE;
			break;
		default:
			usage();
		}
	}
	if (optind != argc || o->order.plant == N_PLANTS || !(o->order.hours >= 1.0) ||
			(o->task == TASK_SEEDS && o->seeds == 0)) {
		usage();
	}
}

int main(int argc, char **argv)
{
	struct options o;

	read_options(&o, argc, argv);
	switch (o.task) {
	case TASK_SEEDS:
		return run_seeds(&o);
	case TASK_SEED:
		return run_seed(&o);
	case TASK_REPLAY:
		return run_replay(&o);
	case TASK_SOAK:
		return soak(&world);
	case TASK_JUDGE:
		return run_judge(&o);
	}
	return 2;
}
