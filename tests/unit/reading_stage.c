/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/reading_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/clock.h"
#include "agent/log.h"

struct reading_stage cluster;
double now;

static struct endpoint endpoints[MEMBERS] = { { "a", 1, false }, { "b", 2, false },
	{ "c", 3, false } };
static char me[] = "me", password[] = "pw", nothing[] = "";

static ev_tstamp begun; /* the loop's time, up to which the played one has followed it */

static double played_time(void)
{
	return now;
}

void cluster_start(bool user)
{
	memset(&cluster, 0, sizeof cluster);
	now = 1000.0;
	clock_replace(played_time);
	log_setup(LOG_ERROR, LOG_TEXT);
	played_carrier_reset();
	random_seed(&cluster.random, 7);
	cluster.loop = ev_loop_new(EVFLAG_AUTO);
	begun = ev_now(cluster.loop);
	cluster.settings = (struct etcd_settings){
		.endpoints = { endpoints, MEMBERS },
		.username = user ? me : nothing,
		.password = password,
		.password_file = nothing,
		.request_timeout_ms = (uint32_t)(TIMEOUT * 1000.0),
	};
	assert_int_equal(etcd_init(&cluster.etcd, cluster.loop, NULL, &cluster.settings,
					 &cluster.random),
			0);
	etcd_count_in(&cluster.etcd, &cluster.counts);
	assert_int_equal(etcd_streams_init(&cluster.streams, &cluster.etcd, &cluster.settings, NULL,
					 &cluster.random),
			0);
}

void cluster_stop(void)
{
	assert_int_equal(n_in_flight, 0);
	etcd_streams_finish(&cluster.streams);
	etcd_finish(&cluster.etcd);
	ev_loop_destroy(cluster.loop);
	clock_replace(NULL);
}

unsigned expect_sent(unsigned i, const char *path, const char *token)
{
	assert_true(i < n_in_flight);
	assert_string_equal(in_flight[i].path, path);
	assert_string_equal(in_flight[i].token, token);
	return in_flight[i].endpoint % MEMBERS;
}

void say(unsigned i, struct said said)
{
	play_answer(i, 0, "", said.at, said.len);
}

void tell(unsigned i, struct said said)
{
	play_heard(i, said.at, said.len);
}

void give_token(unsigned i, char token)
{
	const char text[] = { token, '\0' };

	(void)expect_sent(i, ETCD_PATH_LOG_IN, "");
	say(i, said_text(said_at(cluster.etcd.channel.route.view.known.revision), 2, text));
}

void end_wait(ev_timer *timer)
{
	ev_tstamp at = ev_now(cluster.loop);

	assert_true(ev_is_active(timer));
	/* The loop has its own time, by which less remains where the machine was late. Never early.
	 */
	now += at - begun + ev_timer_remaining(cluster.loop, timer) + 0.001;
	begun = at;
	ev_timer_stop(cluster.loop, timer);
	ev_invoke(cluster.loop, timer, EV_TIMER);
}
