/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/follower_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/util.h"

struct follower follower;
struct heard heard;

static void on_change(struct follower *f)
{
	assert_ptr_equal(f, &follower);
	heard.changes++;
	if (heard.doubt) {
		heard.doubt = false;
		follower_doubt(f);
	}
}

static void on_skip(struct follower *f, const char *key, const char *why)
{
	assert_ptr_equal(f, &follower);
	heard.skips++;
	(void)snprintf(heard.key, sizeof heard.key, "%s", key);
	(void)snprintf(heard.why, sizeof heard.why, "%s", why);
}

static void on_trouble(struct follower *f, unsigned tries, const char *why)
{
	assert_ptr_equal(f, &follower);
	assert_int_equal(tries == 0, why == NULL);
	heard.troubles++;
	heard.tries = tries;
	(void)snprintf(heard.why, sizeof heard.why, "%s", why == NULL ? "" : why);
}

static const struct follower_events events = {
	.on_change = on_change, .on_skip = on_skip, .on_trouble = on_trouble
};

int set_up(void **state)
{
	UNUSED(state);
	memset(&heard, 0, sizeof heard);
	cluster_start(false);
	follower_init(&follower, cluster.loop, &cluster.streams, &cluster.random, PREFIX,
			FORMAT_SERVICES, &events);
	return 0;
}

int tear_down(void **state)
{
	UNUSED(state);
	follower_finish(&follower);
	follower_finish(&follower);
	cluster_stop();
	return 0;
}

static unsigned find(const struct carrier_request *request)
{
	for (unsigned i = 0; i < n_in_flight; i++) {
		if (in_flight[i].request == request) {
			return i;
		}
	}
	fail_msg("it is not in flight");
	return 0;
}

unsigned the_watch(void)
{
	return find(&follower.watch.carried);
}

unsigned the_read(void)
{
	return find(&follower.read.request.routed.carried);
}

unsigned the_audit(void)
{
	return find(&follower.audit.newer.request.routed.carried);
}

struct said both_at(int64_t revision)
{
	return said_number(
			said_key(said_key(said_at(revision), ONE, GOOD, 10), TWO, GOOD, 10), 4, 2);
}

struct said created_at(int64_t revision)
{
	return said_number(said_at(revision), 3, 1);
}

struct said audited(int64_t revision, int64_t count, bool newer)
{
	struct said page = said_number(said_at(revision), 4, count);

	return newer ? said_key(page, ONE, "", revision) : page;
}

void finish_read(int64_t revision)
{
	assert_int_equal(follower.state, FOLLOW_READING);
	say(the_read(), both_at(revision));
	assert_int_equal(n_in_flight, 1);
	(void)the_watch();
}

void open_watch(void)
{
	assert_int_equal(follower.state, FOLLOW_OPENING);
	tell(the_watch(), created_at(follower.revision));
	assert_int_equal(follower.state, FOLLOW_LIVE);
}

void go_live(void)
{
	follower_start(&follower);
	finish_read(20);
	open_watch();
	memset(&heard, 0, sizeof heard);
}

void begin_audit(void)
{
	assert_true(ev_timer_remaining(cluster.loop, &follower.audit.look) > 5.0);
	end_wait(&follower.audit.look);
	assert_int_equal(n_in_flight, 2);
	(void)the_audit();
}

void fail_audit(void)
{
	for (unsigned i = 0; i < MEMBERS; i++) {
		play_end(the_audit(), CARRIER_BROKEN, NULL, 0);
	}
}

void expect(unsigned changes, bool sure)
{
	assert_int_equal(heard.changes, changes);
	assert_int_equal(follower.sure, sure);
}
