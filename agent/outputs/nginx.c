/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nginx - an upstream in a file that nginx includes, and the command that makes
 * nginx read it again.
 *
 * The command follows a file that was replaced, and is repeated until it has
 * worked; the file is not written again for that. At the start both are done in
 * any case: nobody knows what nginx has read.
 */
#include "agent/outputs/nginx_text.h"

#include <stdlib.h>
#include <string.h>

#include "agent/child.h"
#include "agent/outputs/file_output.h"
#include "agent/util.h"

struct nginx {
	struct file_output file;
	char *written; /* owned: what is in the file, or will be when that is written; NULL when
			  nobody knows */
	struct child reload;
};

/* ---- the command ------------------------------------------------------------------- */

static void on_reloaded(struct child *child, const char *why)
{
	output_ended(CONTAINER_OF(child, struct nginx, reload)->file.output, why);
}

/* The file is there. */
static enum applied reload(struct nginx *nginx, struct err *err)
{
	const struct output *o = nginx->file.output;
	struct child_spec spec = {
		.argv = o->settings->reload.at,
		.service = o->view->service,
		.timeout = (double)o->settings->timeout_ms / 1000.0,
	};

	if (o->settings->reload.n == 0) {
		return APPLY_DONE;
	}
	return child_start(&nginx->reload, o->loop, &spec, on_reloaded, err) < 0 ? APPLY_FAILED
										 : APPLY_RUNNING;
}

/* ---- the file ---------------------------------------------------------------------- */

static void forget(struct nginx *nginx)
{
	free(nginx->written);
	nginx->written = NULL;
}

static void on_written(struct file_write *w, const char *why)
{
	struct nginx *nginx = CONTAINER_OF(w, struct nginx, file.write);
	struct output *o = nginx->file.output;
	struct err err = { 0 };

	if (why != NULL) {
		forget(nginx);
		output_ended(o, why);
		return;
	}
	switch (reload(nginx, &err)) {
	case APPLY_DONE:
		output_ended(o, NULL);
		break;
	case APPLY_FAILED:
		output_ended(o, err.text);
		break;
	case APPLY_RUNNING:
		break;
	}
}

static const struct file_write_events events = {
	.on_turn = file_output_turn,
	.on_late = file_output_late,
	.on_done = on_written,
};

/* Only when it is not there already. Takes over `text`. */
static enum applied put(struct nginx *nginx, char *text, struct err *err)
{
	if (nginx->written != NULL && strcmp(nginx->written, text) == 0) {
		free(text);
		return APPLY_DONE;
	}
	forget(nginx);
	nginx->written = strdup(text);
	enum applied put = file_output_apply(nginx->file.output, text, err);
	if (put == APPLY_FAILED) {
		forget(nginx);
	}
	return put;
}

/* ---- the kind ---------------------------------------------------------------------- */

static int create(struct output *o)
{
	struct nginx *nginx = calloc(1, sizeof *nginx);

	if (nginx == NULL) {
		return -1;
	}
	file_output_init(&nginx->file, o, &events);
	return 0;
}

static enum applied apply(struct output *o, char *text, struct err *err)
{
	struct nginx *nginx = o->work;
	enum applied written = put(nginx, text, err);

	return written == APPLY_DONE ? reload(nginx, err) : written;
}

static void destroy(struct output *o)
{
	struct nginx *nginx = o->work;

	file_write_cancel(&nginx->file.write);
	child_stop(&nginx->reload);
	free(nginx->written);
	free(nginx);
}

const struct output_kind output_nginx = {
	.name = "nginx",
	.settles = true,
	.place = file_output_place,
	.render = nginx_text,
	.create = create,
	.has_turn = file_output_has_turn,
	.apply = apply,
	.destroy = destroy,
};
