/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_CARRIER_SCENE_H
#define TESTS_UNIT_CARRIER_SCENE_H

/* carrier_scene - a carrier with one target, the server that it leads to, and a loop that ends. */

#include <ev.h>

#include "agent/net/carrier.h"
#include "tests/unit/grpc_server.h"

#define BOUND 60.0 /* seconds; a test that waits so long has failed */

extern struct carrier_scene {
	struct ev_loop *loop;
	ev_timer bound;
	struct grpc_server server;
	struct tls_settings tls;
	struct random random;
	struct carrier *carrier; /* a test that destroys it sets NULL */
	struct carrier_target *target;
} scene;

extern char nothing[]; /* an empty text */

/* 0, or -1 when it cannot be made. */
int carrier_scene_open(enum manner manner);
void carrier_scene_close(void);

#define WAIT_FOR(what)                                                                             \
	while (!(what)) {                                                                          \
		ev_run(scene.loop, EVRUN_ONCE);                                                    \
	}

#endif
