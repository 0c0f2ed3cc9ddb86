/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outputs/file_output.h"

#include <stdlib.h>

#include "agent/outputs/file.h"
#include "agent/util.h"

static struct output *output_of(struct file_write *w)
{
	return CONTAINER_OF(w, struct file_output, write)->output;
}

void file_output_init(
		struct file_output *f, struct output *o, const struct file_write_events *events)
{
	f->output = o;
	o->work = f;
	file_write_init(&f->write, o->loop, o->settings->path, events);
	file_sweep(o->settings->path);
}

void file_output_turn(struct file_write *w)
{
	output_turn(output_of(w));
}

void file_output_late(struct file_write *w, const char *why)
{
	output_late(output_of(w), why);
}

const char *file_output_place(const struct output_settings *settings)
{
	return settings->path;
}

bool file_output_has_turn(struct output *o)
{
	struct file_output *f = o->work;

	return file_write_has_turn(&f->write);
}

enum applied file_output_apply(struct output *o, char *text, struct err *err)
{
	struct file_output *f = o->work;

	return file_write_start(&f->write, text, o->random, err);
}

/* ---- nothing more ------------------------------------------------------------------ */

static void on_done(struct file_write *w, const char *why)
{
	output_ended(output_of(w), why);
}

static const struct file_write_events events = {
	.on_turn = file_output_turn,
	.on_late = file_output_late,
	.on_done = on_done,
};

int file_output_create(struct output *o)
{
	struct file_output *f = calloc(1, sizeof *f);

	if (f == NULL) {
		return -1;
	}
	file_output_init(f, o, &events);
	return 0;
}

void file_output_destroy(struct output *o)
{
	struct file_output *f = o->work;

	file_write_cancel(&f->write);
	free(f);
}
