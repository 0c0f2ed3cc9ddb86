/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_SCRIPT_H
#define TESTS_SIM_SCRIPT_H

/*
 * script - what is drawn from the seed before the day begins: how the agent is
 * configured, how good the network is at its best, how often something fails.
 */

#include <stdbool.h>
#include <stdint.h>

#include "agent/descriptor/descriptor.h"
#include "tests/sim/dice.h"

/* A fault planted in the world or in what the agent stands on, to see that the judge finds it. */
enum plant {
	PLANT_NOTHING,
	PLANT_DEAF,        /* the probe passes whatever the service says */
	PLANT_MUTE,        /* the probe fails whatever the service says */
	PLANT_FORGETFUL,   /* a call without an answer is taken for "no such lease" */
	PLANT_LAZY_REVOKE, /* a revoke is acknowledged and never sent */
	PLANT_IMMORTAL,    /* etcd expires nothing */
	PLANT_THIEF,       /* a put takes every key over */
	PLANT_VANDAL,      /* a revoke goes to the lease that the key hangs on */
	PLANT_HASTY,       /* pauses of the registration last no time */
	PLANT_SLUGGISH,    /* they last four times as long */
	PLANT_JUMPY,       /* a probe without an answer is taken for a refusal */
	PLANT_TRUSTING,    /* what is read back is not looked at */
	PLANT_SLEEPY,      /* the registration's timers never fire */
	PLANT_ECHO,        /* the network repeats the renewals of an agent that is dead */
	PLANT_RASH,        /* nobody tells the agent that it was stopped */
	PLANT_DEFIANT,     /* SIGTERM does nothing */
	PLANT_ABRUPT,      /* a reload withdraws before the new one is listed */
	PLANT_CLINGY,      /* what a reload has replaced does not hear that it may go */
	PLANT_FROZEN,      /* every renewal is answered as if nothing had ever been written */
	PLANT_EAGER,       /* a lease is asked for again and again ahead of the first verdict */
	PLANT_UPSTART,     /* the new one of a reload does not know whose place it takes */
	N_PLANTS
};

struct script {
	struct descriptor desc;                  /* borrows literals; never finished */
	double interval, timeout, initial_delay; /* of desc, seconds */
	double request_timeout;                  /* seconds */
	double ttl;                              /* as etcd grants it, seconds */
	unsigned endpoints;                      /* of etcd, that the agent knows */
	bool watches;                            /* the server has a Watch */
	bool healthless;    /* it has no health service: that it answers must do */
	double forgets;     /* probability of a push that is not sent */
	double probe_delay; /* one way between agent and service, at most */
	double net_delay;   /* one way between agent and etcd, at most */
	double twice;       /* probability of a request that arrives twice */
	double writes;      /* of others to etcd, a second; 0: none */
	double lag;         /* a member knows of a change after so long, at most */
	double late_max;    /* a late request arrives after so long, at most */
	double election;    /* etcd's election timeout */
	double reload_gap;  /* mean time between reloads, INFINITY: there are none */
	double fault_gap;   /* mean time between faults */
	double quiet_from;  /* time of the last fault, from the start */
	double end;         /* from the start, seconds */
	enum plant plant;
};

/* Draws a day of so many hours. `full_speed`: the shortest interval and TTL, many faults. */
void script_draw(struct script *s, struct dice *d, double hours, enum plant plant, bool full_speed);

/* ... and how often its descriptors change: in every second day not at all. */
void script_draw_reloads(struct script *s, struct dice *d, bool full_speed);

/* The plant of that name, N_PLANTS when there is none. */
enum plant plant_find(const char *name);
const char *plant_name(enum plant plant);

#endif
