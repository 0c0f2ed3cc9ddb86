/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/carrier_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include "agent/util.h"

struct carrier_scene scene;
char nothing[] = "";

static void on_bound(struct ev_loop *loop, ev_timer *bound, int revents)
{
	UNUSED(bound);
	UNUSED(revents);
	ev_break(loop, EVBREAK_ALL);
	fail_msg("nothing came within %g seconds", BOUND);
}

int carrier_scene_open(enum manner manner)
{
	(void)signal(SIGPIPE, SIG_IGN);
	memset(&scene, 0, sizeof scene);
	scene.loop = ev_loop_new(EVFLAG_AUTO);
	ev_timer_init(&scene.bound, on_bound, BOUND, 0.0);
	ev_timer_start(scene.loop, &scene.bound);
	grpc_server_start(&scene.server, scene.loop);
	scene.server.manner = manner;
	scene.tls = (struct tls_settings){ .on = true,
		.ca_file = nothing,
		.cert_file = nothing,
		.key_file = nothing,
		.server_name = nothing };
	scene.carrier = carrier_create(scene.loop, &scene.random);
	scene.target = carrier_target(scene.carrier, &scene.server.endpoint, &scene.tls);
	return scene.carrier != NULL && scene.target != NULL ? 0 : -1;
}

void carrier_scene_close(void)
{
	carrier_destroy(scene.carrier);
	grpc_server_stop(&scene.server);
	ev_timer_stop(scene.loop, &scene.bound);
	ev_loop_destroy(scene.loop);
}
