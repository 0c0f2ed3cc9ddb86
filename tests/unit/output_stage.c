/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/output_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/util.h"

struct output_stage stage;

static double played_time(void)
{
	return stage.now;
}

/* ---- a played kind --------------------------------------------------------------------------- */

static const char *played_place(const struct output_settings *settings)
{
	return settings->path;
}

static char *played_render(const struct output_settings *settings, const struct output_view *view,
		const char *written_at, struct left_out *left)
{
	char *text;

	assert_ptr_equal(settings, &stage.settings);
	if (stage.no_memory) {
		return NULL;
	}
	if (stage.leaves_out) {
		left->n = 2;
		(void)snprintf(left->first, sizeof left->first, "/services/coupon-service/a:1");
		left->why = "its host is no address";
	}
	int n = asprintf(&text, "%zu at %d age %d%s", view->instances.n, (int)view->revision,
			(int)view->age, written_at[0] == '\0' ? "" : " dated");
	return n < 0 ? NULL : text;
}

static int played_create(struct output *o)
{
	UNUSED(o);
	stage.created++;
	return 0;
}

static bool played_has_turn(struct output *o)
{
	UNUSED(o);
	return !stage.waits_its_turn;
}

static enum applied played_apply(struct output *o, char *text, struct err *err)
{
	stage.applied++;
	(void)snprintf(stage.text, sizeof stage.text, "%s", text);
	free(text);
	if (stage.again > 0.0) {
		output_again(o, stage.again);
	}
	if (stage.ends == APPLY_FAILED) {
		(void)err_set(err, ERR_SYSTEM, "No space left on device");
	}
	return stage.ends;
}

static void played_destroy(struct output *o)
{
	UNUSED(o);
	stage.destroyed++;
}

#define PLAYED                                                                                     \
	.place = played_place, .render = played_render, .create = played_create,                   \
	.has_turn = played_has_turn, .apply = played_apply, .destroy = played_destroy

const struct output_kind output_json = { .name = "json", .dated = true, PLAYED };
const struct output_kind output_envoy = { .name = "envoy", PLAYED };
const struct output_kind output_haproxy = { .name = "haproxy", PLAYED };
const struct output_kind output_nginx = { .name = "nginx", .settles = true, PLAYED };
const struct output_kind output_exec = { .name = "exec", .settles = true, PLAYED };

/* ---- the stage ------------------------------------------------------------------------------- */

static char path[] = "/run/a.json";

static void on_told(struct output *o, bool trouble, const char *sentence, void *user)
{
	assert_ptr_equal(o, stage.output);
	assert_ptr_equal(user, &stage);
	stage.told++;
	stage.troubles += trouble ? 1 : 0;
	(void)snprintf(stage.sentence, sizeof stage.sentence, "%s", sentence);
}

void make(enum output_type type)
{
	stage.settings.type = type;
	stage.output = output_create(stage.loop, &stage.settings, 50, &stage.view, &stage.random,
			on_told, &stage);
	assert_non_null(stage.output);
}

int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	stage.now = 1000.0;
	clock_replace(played_time);
	stage.loop = ev_loop_new(EVFLAG_AUTO);
	random_seed(&stage.random, 7);
	stage.settings.path = path;
	stage.view = (struct output_view){ .service = "s", .prefix = "/s/", .revision = 1 };
	return 0;
}

int tear_down(void **state)
{
	UNUSED(state);
	output_destroy(stage.output);
	assert_int_equal(stage.destroyed, stage.created);
	instances_finish(&stage.view.instances);
	ev_loop_destroy(stage.loop);
	clock_replace(NULL);
	return 0;
}

bool waiting(void)
{
	return ev_is_active(&stage.output->due) != 0;
}

double left(void)
{
	assert_true(waiting());
	return ev_timer_remaining(stage.loop, &stage.output->due);
}

/* As the loop does it when the time has come. */
void pass(void)
{
	stage.now += left();
	ev_timer_stop(stage.loop, &stage.output->due);
	ev_invoke(stage.loop, &stage.output->due, EV_TIMER);
}

void change(void)
{
	stage.view.revision++;
	output_touch(stage.output);
}

bool near(double a, double b)
{
	return a > b - 0.001 && a < b + 0.001;
}
