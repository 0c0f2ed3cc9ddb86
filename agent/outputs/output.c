/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output - when to write, and what follows from how it went.
 *
 * There is one timer, and a reason for it. A change replaces the wait for
 * "again", but never the one for a retry: a place that could not be written to
 * a moment ago is not asked more often because there is more to write.
 *
 * What was applied is kept as the text itself, without the dates that change
 * while nothing else does. After a failure nobody knows what is there, so the
 * next try is made in any case.
 */
#include "agent/outputs/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/outputs/document.h"
#include "agent/outputs/output_kind.h"
#include "agent/timer.h"
#include "agent/util.h"

#define RETRY_BASE 0.1  /* seconds */
#define RETRY_CAP  30.0 /* seconds */

static const struct output_kind *const kinds[] = {
	[OUTPUT_JSON] = &output_json,
	[OUTPUT_ENVOY] = &output_envoy,
	[OUTPUT_HAPROXY] = &output_haproxy,
	[OUTPUT_NGINX] = &output_nginx,
	[OUTPUT_EXEC] = &output_exec,
};

/* ---- what is said ---------------------------------------------------------------- */

static void say(struct output *o, bool trouble, const char *what)
{
	char sentence[1000];

	(void)snprintf(sentence, sizeof sentence, "output %s %.300s %s", o->kind->name,
			output_place(o), what);
	o->told(o, trouble, sentence, o->user);
}

/* Once for each change of what is left out. */
static void say_left(struct output *o, const struct left_out *left)
{
	char now[sizeof o->left] = "";

	if (left->n > 0) {
		(void)snprintf(now, sizeof now,
				"leaves out %zu of the instances, the first is %s: %s", left->n,
				left->first, left->why);
	}
	if (strcmp(now, o->left) == 0) {
		return;
	}
	memcpy(o->left, now, sizeof now);
	say(o, left->n > 0, left->n > 0 ? now : "leaves out none of the instances any more");
}

static void say_result(struct output *o, const char *why)
{
	bool was = o->failing;

	o->failing = why != NULL;
	if (why != NULL && !was) {
		char failure[600];
		(void)snprintf(failure, sizeof failure, "fails and is tried again: %s", why);
		say(o, true, failure);
	} else if (why == NULL && was) {
		say(o, false, "works again");
	}
}

/* ---- when ------------------------------------------------------------------------ */

static void wait_for(struct output *o, enum output_due why, double seconds)
{
	o->due_for = why;
	timer_start(o->loop, &o->due, seconds);
}

static void wait_for_change(struct output *o)
{
	double pause = o->settle;

	if (!o->kind->settles) {
		pause += o->applied_at - clock_now();
	}
	wait_for(o, DUE_CHANGE, pause);
}

void output_touch(struct output *o)
{
	if (o->running) {
		o->touched = true;
	} else if (o->due_for == DUE_NEVER || o->due_for == DUE_AGAIN) {
		wait_for_change(o);
	}
}

void output_again(struct output *o, double after)
{
	o->again = after;
}

void output_hurry(struct output *o, double after)
{
	if (o->due_for == DUE_AGAIN || o->due_for == DUE_RETRY) {
		wait_for(o, o->due_for, after);
	}
}

/* Nothing is to be written now. */
static void rest(struct output *o)
{
	if (o->again > 0.0) {
		wait_for(o, DUE_AGAIN, o->again);
	}
}

/* ---- how it went ----------------------------------------------------------------- */

/* Everything that is ever written, or not, passes here in the end. */
static void finish(struct output *o, const char *why)
{
	bool touched = o->touched;

	o->running = false;
	o->touched = false;
	if (why != NULL) {
		free(o->key);
		o->key = NULL;
		wait_for(o, DUE_RETRY, backoff_next(&o->backoff, o->random, RETRY_BASE, RETRY_CAP));
	} else {
		backoff_reset(&o->backoff);
		o->applied_at = clock_now();
		if (touched) {
			wait_for_change(o);
		} else {
			rest(o);
		}
	}
	say_result(o, why);
}

void output_ended(struct output *o, const char *why)
{
	finish(o, why);
}

/* Nothing has come of it yet. */
void output_late(struct output *o, const char *why)
{
	say_result(o, why);
}

/* What is compared: the view as if it had no date. */
static struct output_view without_date(const struct output *o)
{
	struct output_view view = *o->view;

	if (!o->kind->dated) {
		view.revision = 0;
		view.age = 0.0;
	}
	return view;
}

/* Takes over `text`. */
static void apply(struct output *o, char *text)
{
	struct err err = { 0 };

	o->running = true;
	o->again = 0.0;
	switch (o->kind->apply(o, text, &err)) {
	case APPLY_DONE:
		finish(o, NULL);
		break;
	case APPLY_FAILED:
		finish(o, err.text);
		break;
	case APPLY_RUNNING:
		break;
	}
}

/* `key` is what there is to write now; taken over. */
static void apply_new(struct output *o, char *key, const struct left_out *left)
{
	struct left_out same = { 0 };
	char now[DOCUMENT_TIME_MAX];

	document_time(now);
	char *text = o->kind->render(o->settings, o->view, now, &same);
	free(o->key);
	o->key = key;
	if (text == NULL) {
		finish(o, "out of memory");
		return;
	}
	say_left(o, left);
	apply(o, text);
}

/* It is due, and its turn. */
static void look(struct output *o)
{
	bool again = o->due_for == DUE_AGAIN;
	struct output_view view = without_date(o);
	struct left_out left = { 0 };
	char *key = o->kind->render(o->settings, &view, "", &left);

	o->due_for = DUE_NEVER;
	if (key == NULL) {
		finish(o, "out of memory");
	} else if (!again && o->key != NULL && strcmp(key, o->key) == 0) {
		free(key); /* it has come back to what is there */
		say_result(o, NULL);
		rest(o);
	} else {
		apply_new(o, key, &left);
	}
}

static void on_due(struct ev_loop *loop, ev_timer *due, int revents)
{
	struct output *o = CONTAINER_OF(due, struct output, due);

	UNUSED(loop);
	UNUSED(revents);
	if (o->kind->has_turn == NULL || o->kind->has_turn(o)) {
		look(o);
	}
}

void output_turn(struct output *o)
{
	ev_timer_stop(o->loop, &o->due);
	look(o);
}

/* ---- made and ended -------------------------------------------------------------- */

struct output *output_create(struct ev_loop *loop, const struct output_settings *settings,
		uint32_t settle_ms, const struct output_view *view, struct random *random,
		output_told *told, void *user)
{
	struct output *o = calloc(1, sizeof *o);

	if (o == NULL) {
		return NULL;
	}
	o->kind = kinds[settings->type];
	o->loop = loop;
	o->settings = settings;
	o->view = view;
	o->random = random;
	o->told = told;
	o->user = user;
	o->settle = (double)settle_ms / 1000.0;
	o->applied_at = -o->settle;
	ev_timer_init(&o->due, on_due, 0.0, 0.0);
	if (o->kind->create != NULL && o->kind->create(o) < 0) {
		free(o);
		return NULL;
	}
	return o;
}

void output_destroy(struct output *o)
{
	if (o == NULL) {
		return;
	}
	if (o->kind->destroy != NULL) {
		o->kind->destroy(o);
	}
	ev_timer_stop(o->loop, &o->due);
	free(o->key);
	free(o);
}

const char *output_type(const struct output *o)
{
	return o->kind->name;
}

const char *output_place(const struct output *o)
{
	return o->kind->place(o->settings);
}

bool output_failing(const struct output *o)
{
	return o->failing;
}
