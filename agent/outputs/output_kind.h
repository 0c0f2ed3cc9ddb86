/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTPUTS_OUTPUT_KIND_H
#define AGENT_OUTPUTS_OUTPUT_KIND_H

/*
 * output_kind - what each kind of output is to output.c, and back.
 */

#include <ev.h>
#include <stdbool.h>

#include "agent/backoff.h"
#include "agent/descriptor/descriptor.h"
#include "agent/err.h"
#include "agent/outputs/output.h"
#include "agent/outputs/view.h"
#include "agent/random.h"

enum applied {
	APPLY_DONE,
	APPLY_FAILED, /* with a sentence */
	APPLY_RUNNING /* output_ended() will be called, from the loop */
};

struct output_kind {
	const char *name;
	bool settles; /* it runs a program: changes are waited for before it does */
	bool dated;   /* a new revision, or age, is a change by itself */

	/* Where it writes to, for people. Borrowed from the settings. */
	const char *(*place)(const struct output_settings *settings);

	/*
	 * What there is to write, a new text for free(), and *left (zeroed) about
	 * what cannot be. NULL without memory. Pure.
	 */
	char *(*render)(const struct output_settings *settings, const struct output_view *view,
			const char *written_at, struct left_out *left);

	/* Makes o->work; -1 without memory. NULL for a kind that keeps nothing. */
	int (*create)(struct output *o);

	/*
	 * False when others come before it: output_turn() will be called, from the loop.
	 * Never while one is running. NULL for a kind that waits for nobody.
	 */
	bool (*has_turn)(struct output *o);

	/* Never while one is running, nor before its turn. Takes over `text`. */
	enum applied (*apply)(struct output *o, char *text, struct err *err);

	/* Stops what is running, without a call back, and frees o->work. NULL as above. */
	void (*destroy)(struct output *o);
};

extern const struct output_kind output_json, output_envoy, output_haproxy, output_nginx,
		output_exec;

/* When an output is to be looked at next, and why. */
enum output_due {
	DUE_NEVER,
	DUE_CHANGE, /* the view was touched */
	DUE_RETRY,  /* it failed */
	DUE_AGAIN   /* the kind asked for it, nothing has changed */
};

struct output {
	const struct output_kind *kind;
	struct ev_loop *loop;                   /* borrowed */
	const struct output_settings *settings; /* borrowed */
	const struct output_view *view;         /* borrowed */
	struct random *random;                  /* borrowed */
	void *work;                             /* the kind's own */

	/* The rest is output.c's. */
	output_told *told;
	void *user;
	double settle;     /* seconds */
	char *key;         /* owned: what is being applied, or was last, without dates; NULL
			      when nobody knows what is there */
	double applied_at; /* clock_now() when it was applied last */
	bool running;
	bool touched; /* while it was running */
	bool failing;
	double again;   /* seconds; 0: when nothing changes, nothing is done */
	char left[320]; /* what was said last about instances left out; "" none are */
	struct backoff backoff;
	enum output_due due_for;
	ev_timer due; /* active unless due_for is DUE_NEVER, or its turn is waited for */
};

/*
 * The end of what apply() began: `why` is NULL when it worked, else a sentence.
 * From the loop.
 */
void output_ended(struct output *o, const char *why);

/* Its turn has come. From the loop. */
void output_turn(struct output *o);

/* It runs, or waits for its turn, for so long that somebody should know. From the loop. */
void output_late(struct output *o, const char *why);

/*
 * From apply() or before output_ended(): apply again `after` seconds from the
 * success, also if nothing changes.
 */
void output_again(struct output *o, double after);

/* Something has happened there: if it waits to apply again, or to retry, it does so soon. */
void output_hurry(struct output *o, double after);

#endif
