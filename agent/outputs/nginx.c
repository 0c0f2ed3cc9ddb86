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
#include "agent/outputs/file.h"
#include "agent/outputs/file_output.h"
#include "agent/util.h"

struct nginx {
	struct output *output; /* borrowed */
	char *written;         /* owned: what is in the file; NULL when nobody knows */
	struct child reload;
};

static int create(struct output *o)
{
	struct nginx *nginx = calloc(1, sizeof *nginx);

	if (nginx == NULL) {
		return -1;
	}
	nginx->output = o;
	o->work = nginx;
	file_sweep(o->settings->path);
	return 0;
}

/* Only when it is not there already. */
static int put(struct output *o, const char *text, struct err *err)
{
	struct nginx *nginx = o->work;

	if (nginx->written != NULL && strcmp(nginx->written, text) == 0) {
		return 0;
	}
	free(nginx->written);
	nginx->written = NULL;
	if (file_replace(o->settings->path, text, strlen(text), o->random, err) < 0) {
		return -1;
	}
	nginx->written = strdup(text);
	return 0;
}

static void on_reloaded(struct child *child, const char *why)
{
	output_ended(CONTAINER_OF(child, struct nginx, reload)->output, why);
}

static enum applied apply(struct output *o, const char *text, struct err *err)
{
	struct nginx *nginx = o->work;
	struct child_spec spec = {
		.argv = o->settings->reload.at,
		.service = o->view->service,
		.timeout = (double)o->settings->timeout_ms / 1000.0,
	};

	if (put(o, text, err) < 0) {
		return APPLY_FAILED;
	}
	if (o->settings->reload.n == 0) {
		return APPLY_DONE;
	}
	return child_start(&nginx->reload, o->loop, &spec, on_reloaded, err) < 0 ? APPLY_FAILED
										 : APPLY_RUNNING;
}

static void destroy(struct output *o)
{
	struct nginx *nginx = o->work;

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
	.apply = apply,
	.destroy = destroy,
};
