/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/watch_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/util.h"

#define PREFIX "/s/"
#define FROM   21

struct etcd_watch watch;
struct heard heard;

static void react(enum reaction *reaction)
{
	enum reaction what = *reaction;

	*reaction = REACTION_NONE;
	switch (what) {
	case REACTION_NONE:
		break;
	case REACTION_CANCEL:
		etcd_watch_cancel(&watch);
		break;
	case REACTION_ABANDON:
		etcd_watch_abandon(&watch);
		break;
	case REACTION_AGAIN:
		etcd_watch_cancel(&watch);
		open_watch();
		break;
	}
}

static void on_created(struct etcd_watch *w)
{
	assert_ptr_equal(w, &watch);
	heard.created++;
	react(&heard.on_created);
}

static void on_news(
		struct etcd_watch *w, const struct etcd_event *events, size_t n, int64_t revision)
{
	assert_ptr_equal(w, &watch);
	heard.news++;
	heard.events += (unsigned)n;
	heard.revision = revision;
	for (size_t i = 0; i < n; i++) {
		heard.deleted += events[i].deleted ? 1 : 0;
	}
	react(&heard.on_news);
}

static void on_end(struct etcd_watch *w, const struct etcd_watch_end *end)
{
	assert_null(w->streams); /* detached before */
	heard.ends++;
	heard.end = *end;
	(void)snprintf(heard.why, sizeof heard.why, "%s", end->why);
	react(&heard.on_end);
}

static const struct etcd_watch_events events = {
	.on_created = on_created, .on_news = on_news, .on_end = on_end
};

void open_watch(void)
{
	etcd_watch_start(&cluster.streams, &watch, PREFIX, FROM, &events);
}

struct said created_at(int64_t revision)
{
	return said_number(said_at(revision), 3, 1);
}

struct said put_at(int64_t revision)
{
	return said_put(said_at(revision), "/s/a", "{}", revision);
}

struct said cancelled(const char *reason)
{
	return said_text(said_number(said_number(said_at(20), 3, 1), 4, 1), 6, reason);
}

unsigned member(void)
{
	unsigned at = expect_sent(0, ETCD_PATH_WATCH, "");

	assert_int_equal(at, etcd_watch_endpoint(&watch));
	return at;
}

void create_watch(void)
{
	open_watch();
	(void)member();
	tell(0, created_at(20));
	assert_int_equal(heard.created, 1);
}

void expect_counted(enum etcd_code code, unsigned n)
{
	uint64_t *counted = cluster.counts.requests[ETCD_METHOD_WATCH];

	for (size_t i = 0; i < N_ETCD_CODES; i++) {
		assert_int_equal(counted[i], i == (size_t)code ? n : 0);
	}
	memset(counted, 0, sizeof cluster.counts.requests[ETCD_METHOD_WATCH]);
}

void expect_end(const char *why)
{
	assert_int_equal(heard.ends, 1);
	assert_int_equal(n_in_flight, 0);
	if (strstr(heard.why, why) == NULL) {
		fail_msg("\"%s\" says nothing of \"%s\"", heard.why, why);
	}
}

void expect_next(bool another, unsigned was)
{
	open_watch();
	assert_int_equal(member() != was, another);
	etcd_watch_cancel(&watch);
}

struct said joined(struct said a, struct said b)
{
	assert_true(a.len + b.len <= sizeof a.at);
	memcpy(a.at + a.len, b.at, b.len);
	a.len += b.len;
	return a;
}

static void start_stage(bool user)
{
	memset(&heard, 0, sizeof heard);
	memset(&watch, 0, sizeof watch);
	cluster_start(user);
}

int set_up(void **state)
{
	UNUSED(state);
	start_stage(false);
	return 0;
}

int set_up_user(void **state)
{
	UNUSED(state);
	start_stage(true);
	return 0;
}

int tear_down(void **state)
{
	UNUSED(state);
	etcd_watch_cancel(&watch);
	cluster_stop();
	return 0;
}
