/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/script.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "agent/util.h"

static const char *const plants[] = {
	[PLANT_NOTHING] = "nothing",
	[PLANT_DEAF] = "deaf",
	[PLANT_MUTE] = "mute",
	[PLANT_FORGETFUL] = "forgetful",
	[PLANT_LAZY_REVOKE] = "lazy-revoke",
	[PLANT_IMMORTAL] = "immortal",
	[PLANT_THIEF] = "thief",
	[PLANT_VANDAL] = "vandal",
	[PLANT_HASTY] = "hasty",
	[PLANT_SLUGGISH] = "sluggish",
	[PLANT_JUMPY] = "jumpy",
	[PLANT_TRUSTING] = "trusting",
	[PLANT_SLEEPY] = "sleepy",
	[PLANT_ECHO] = "echo",
	[PLANT_RASH] = "rash",
	[PLANT_DEFIANT] = "defiant",
	[PLANT_ABRUPT] = "abrupt",
	[PLANT_CLINGY] = "clingy",
	[PLANT_FROZEN] = "frozen",
	[PLANT_EAGER] = "eager",
	[PLANT_UPSTART] = "upstart",
};
static_assert(ARRAY_LEN(plants) == N_PLANTS, "every plant has its name");

enum plant plant_find(const char *name)
{
	unsigned i = 0;

	while (i < N_PLANTS && strcmp(plants[i], name) != 0) {
		i++;
	}
	return (enum plant)i;
}

const char *plant_name(enum plant plant)
{
	return plants[plant];
}

static uint32_t ms(double seconds)
{
	return (uint32_t)lround(seconds * 1000.0);
}

/* Even in its logarithm: as many short ones as long ones. */
static double spread(struct dice *d, double low, double high)
{
	return exp(dice_between(d, log(low), log(high)));
}

/* Short intervals cost many events, so there are few of them. */
static double draw_interval(struct dice *d)
{
	double kind = dice_between(d, 0.0, 1.0);

	if (kind < 0.02) {
		return dice_between(d, 0.5, 1.0);
	}
	return kind < 0.15 ? spread(d, 1.0, 5.0) : spread(d, 5.0, 60.0);
}

static uint32_t draw_ttl(struct dice *d)
{
	return (uint32_t)(dice_chance(d, 0.05) ? spread(d, 2.0, 6.0) : spread(d, 6.0, 60.0));
}

static void draw_descriptor(struct descriptor *desc, struct dice *d)
{
	static char name[] = "coupon", host[] = "localhost", protocol[] = "grpc";
	static char prefix[] = "/services", none[] = "";
	double interval = draw_interval(d);

	memset(desc, 0, sizeof *desc);
	desc->service.name = name;
	desc->service.host = host;
	desc->service.port = 50051;
	desc->service.protocol = protocol;
	desc->registry.prefix = prefix;
	desc->registry.formats = (struct formats){ { FORMAT_SERVICES }, 1 };
	desc->registry.ttl_ms = 1000 * draw_ttl(d);
	desc->etcd.request_timeout_ms = ms(dice_between(d, 0.5, 3.0));
	desc->probe.service = none;
	desc->probe.mode = PROBE_MODE_AUTO;
	desc->probe.interval_ms = ms(interval);
	desc->probe.timeout_ms = ms(dice_between(d, 0.2, fmin(interval, 3.0)));
	desc->probe.success_threshold = 1 + dice_below(d, 3);
	desc->probe.failure_threshold = 1 + dice_below(d, 5);
	desc->probe.initial_delay_ms = dice_chance(d, 0.2) ? ms(dice_between(d, 0.0, 10.0)) : 0;
}

static double seconds(uint32_t n)
{
	return (double)n / 1000.0;
}

void script_draw(struct script *s, struct dice *d, double hours, enum plant plant, bool full_speed)
{
	static const double least_ttl[] = { 2.0, 2.0, 2.0, 8.0, 30.0 }; /* that etcd grants */

	memset(s, 0, sizeof *s);
	draw_descriptor(&s->desc, d);
	if (full_speed) {
		s->desc.probe.interval_ms = 100;
		s->desc.probe.timeout_ms = 100;
		s->desc.registry.ttl_ms = 2000;
	}
	s->interval = seconds(s->desc.probe.interval_ms);
	s->timeout = seconds(s->desc.probe.timeout_ms);
	s->initial_delay = seconds(s->desc.probe.initial_delay_ms);
	s->request_timeout = seconds(s->desc.etcd.request_timeout_ms);
	s->ttl = fmax(seconds(s->desc.registry.ttl_ms),
			least_ttl[dice_below(d, ARRAY_LEN(least_ttl))]);
	s->endpoints = 1 + dice_below(d, 3);
	s->healthless = dice_chance(d, 0.1);
	s->watches = !s->healthless && dice_chance(d, 0.8);
	s->forgets = dice_chance(d, 0.3) ? dice_between(d, 0.0, 1.0) : 0.0;
	s->probe_delay = spread(d, 0.001, 0.02);
	s->net_delay = spread(d, 0.001, 0.05);
	s->twice = dice_chance(d, 0.3) ? dice_between(d, 0.0, 0.1) : 0.0;
	s->writes = dice_chance(d, 0.5) ? spread(d, 0.001, 100.0) : 0.0;
	s->lag = dice_chance(d, 0.5) ? spread(d, 0.01, 3.0) : 0.0;
	s->late_max = spread(d, 5.0, 90.0);
	s->election = 1.0;
	s->fault_gap = full_speed ? 60.0 : spread(d, 20.0, 7200.0);
	s->end = hours * 3600.0;
	s->plant = plant;
	s->reload_gap = (double)INFINITY;
}

void script_draw_reloads(struct script *s, struct dice *d, bool full_speed)
{
	if (full_speed) {
		s->reload_gap = 30.0;
	} else if (dice_chance(d, 0.5)) {
		s->reload_gap = spread(d, 1000.0, 20000.0); /* comparing takes long */
	}
}
