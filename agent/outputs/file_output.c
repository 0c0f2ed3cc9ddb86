/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outputs/file_output.h"

#include <stdlib.h>

#include "agent/outputs/file.h"
#include "agent/outputs/file_write.h"
#include "agent/util.h"

struct file_output {
	struct output *output; /* borrowed */
	struct file_write write;
};

static struct output *output_of(struct file_write *w)
{
	return CONTAINER_OF(w, struct file_output, write)->output;
}

static void on_turn(struct file_write *w)
{
	output_turn(output_of(w));
}

static void on_late(struct file_write *w)
{
	output_late(output_of(w), FILE_OUTPUT_LATE);
}

static void on_done(struct file_write *w, const char *why)
{
	output_ended(output_of(w), why);
}

static const struct file_write_events events = {
	.on_turn = on_turn,
	.on_late = on_late,
	.on_done = on_done,
};

const char *file_output_place(const struct output_settings *settings)
{
	return settings->path;
}

int file_output_create(struct output *o)
{
	struct file_output *f = calloc(1, sizeof *f);

	if (f == NULL) {
		return -1;
	}
	f->output = o;
	o->work = f;
	file_write_init(&f->write, o->loop, o->settings->path, &events);
	file_sweep(o->settings->path);
	return 0;
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

void file_output_destroy(struct output *o)
{
	struct file_output *f = o->work;

	file_write_cancel(&f->write);
	free(f);
}
