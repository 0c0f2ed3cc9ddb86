/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SIM_NETWORK_H
#define TESTS_SIM_NETWORK_H

/*
 * network - between each agent and etcd. A message is lost, late or doubled by
 * the state of the agent's link; each has a delay of its own, so they overtake
 * each other.
 */

#include "tests/sim/queue.h"

enum link_state {
	LINK_GOOD,
	LINK_LOSSY,
	LINK_LATE,     /* requests arrive long after the agent gave up */
	LINK_CUT,      /* both ways */
	LINK_CUT_OUT,  /* no request arrives */
	LINK_CUT_BACK, /* no answer arrives */
	LINK_REFUSED,  /* the agent is told so at once */
	LINK_DENIED,   /* etcd refuses to serve this user */
	N_LINKS
};

struct world;

void network_send(struct world *w, int slot, const struct message *request);

/* EVENT_REQUEST: etcd does it, and the answer is on its way. */
void network_arrive(struct world *w, const struct event *event);

#endif
