/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/reader_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/outputs/document.h"
#include "agent/util.h"

struct reader reader;
struct descriptor desc;
unsigned touches;

static char folder[] = "/tmp/reader.XXXXXX";
char path[sizeof folder + sizeof "/a.json"];
static char services[] = "/services", name[] = "a";
static struct output_settings output;
static struct discover_service followed;
static int64_t reached; /* of the last thing that etcd said */

/* ---- the played output: takes the place of output.c ------------------------------------------ */

struct output {
	const struct output_view *view;
};

static struct output played;

struct output *output_create(struct ev_loop *loop, const struct output_settings *settings,
		uint32_t settle_ms, const struct output_view *view, struct random *random,
		output_told *told, void *user)
{
	UNUSED(loop);
	UNUSED(settings);
	UNUSED(settle_ms);
	UNUSED(random);
	UNUSED(told);
	UNUSED(user);
	played.view = view;
	return &played;
}

void output_touch(struct output *o)
{
	assert_ptr_equal(o->view, &reader.view);
	touches++;
}

void output_destroy(struct output *o)
{
	UNUSED(o);
}

const char *output_type(const struct output *o)
{
	UNUSED(o);
	return "json";
}

const char *output_place(const struct output *o)
{
	UNUSED(o);
	return path;
}

/* ---- the stage ------------------------------------------------------------------------------- */

int set_up(void **state)
{
	UNUSED(state);
	memset(folder + strlen(folder) - 6, 'X', 6);
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/a.json", folder);
	cluster_start(false);
	touches = 0;
	reached = 20;
	output = (struct output_settings){ .type = OUTPUT_JSON, .path = path };
	followed = (struct discover_service){ .name = name, .outputs = &output, .n_outputs = 1 };
	memset(&desc, 0, sizeof desc);
	desc.discover.prefix = services;
	desc.discover.format = FORMAT_SERVICES;
	desc.discover.on_empty = ON_EMPTY_EMPTY;
	return reader_init(
			&reader, cluster.loop, &cluster.streams, &desc, &followed, &cluster.random);
}

int tear_down(void **state)
{
	UNUSED(state);
	reader_finish(&reader);
	reader_finish(&reader);
	cluster_stop();
	(void)unlink(path);
	assert_int_equal(rmdir(folder), 0);
	return 0;
}

static void make_key(char *key, size_t size, unsigned i)
{
	(void)snprintf(key, size, PREFIX "h:%03u", i);
}

void write_file(const char *service, const char *prefix, unsigned instances, double age)
{
	struct output_view view = {
		.service = service, .prefix = prefix, .revision = 7, .stale = age > 0.0, .age = age
	};
	char when[DOCUMENT_TIME_MAX], key[40];

	for (unsigned i = 1; i <= instances; i++) {
		make_key(key, sizeof key, i);
		struct instance *made = instance_make(key, "h", (uint16_t)i, "", "{}");
		assert_non_null(made);
		assert_int_equal(instances_put(&view.instances, made), 0);
		instance_unref(made);
	}
	document_time(when);
	char *text = document_text(&view, when);
	FILE *out = fopen(path, "we");
	assert_true(text != NULL && out != NULL);
	(void)fputs(text, out);
	assert_int_equal(fclose(out), 0);
	free(text);
	instances_finish(&view.instances);
}

struct said list(unsigned n, int64_t revision)
{
	struct said page = said_at(revision);
	char key[40], value[60];

	for (unsigned i = 1; i <= n; i++) {
		make_key(key, sizeof key, i);
		(void)snprintf(value, sizeof value, "{\"host\":\"h\",\"port\":%u}", i);
		page = said_key(page, key, value, 10);
	}
	return said_number(page, 4, n);
}

struct said gone(unsigned first, unsigned last, int64_t revision)
{
	struct said news = said_at(revision);
	char key[40];

	for (unsigned i = first; i <= last; i++) {
		make_key(key, sizeof key, i);
		news = said_deleted(news, key, revision);
	}
	return news;
}

void read_finds(unsigned n)
{
	assert_int_equal(reader.follower.state, FOLLOW_READING);
	assert_int_equal(n_in_flight, 1);
	say(0, list(n, reached));
}

void open_watch(void)
{
	assert_int_equal(reader.follower.state, FOLLOW_OPENING);
	tell(0, said_number(said_at(reached), 3, 1));
	assert_int_equal(reader.follower.state, FOLLOW_LIVE);
}

void go_live(unsigned n)
{
	reader_start(&reader);
	read_finds(n);
	open_watch();
	expect(n, true, false);
	now += 60.0;
}

void lose(unsigned first, unsigned last)
{
	reached++;
	tell(0, gone(first, last, reached));
}

static void refuse(void)
{
	for (unsigned i = 0; i < MEMBERS; i++) {
		play_end(0, CARRIER_REFUSED, NULL, 0);
	}
	assert_int_equal(reader.follower.state, FOLLOW_RESTING);
}

void go_away(void)
{
	play_end(0, CARRIER_BROKEN, NULL, 0);
	refuse();
}

void come_back(unsigned n)
{
	end_wait(&reader.follower.wake);
	read_finds(n);
}

void expect(unsigned n, bool touched, bool stale)
{
	assert_int_equal(reader.view.instances.n, n);
	assert_int_equal(touches > 0, touched);
	assert_int_equal(reader.view.stale, stale);
	assert_true(stale || reader.view.age == 0.0);
	touches = 0;
}

bool is_left(ev_timer *timer, double seconds)
{
	double left = ev_timer_remaining(cluster.loop, timer);

	return ev_is_active(timer) && left > 0.4 * seconds && left < seconds + 0.2;
}
