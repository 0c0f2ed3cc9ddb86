/* SPDX-License-Identifier: Apache-2.0 */
/* exec - a program that is run with the document on its stdin. */
#include <stdlib.h>

#include "agent/child.h"
#include "agent/outputs/document.h"
#include "agent/outputs/output_kind.h"
#include "agent/util.h"

struct exec {
	struct output *output; /* borrowed */
	struct child child;
};

static const char *place(const struct output_settings *settings)
{
	return settings->command.at[0];
}

static char *render(const struct output_settings *settings, const struct output_view *view,
		const char *written_at, struct left_out *left)
{
	UNUSED(settings);
	UNUSED(left);
	return document_text(view, written_at);
}

static int create(struct output *o)
{
	struct exec *exec = calloc(1, sizeof *exec);

	if (exec == NULL) {
		return -1;
	}
	exec->output = o;
	o->work = exec;
	return 0;
}

static void on_done(struct child *child, const char *why)
{
	output_ended(CONTAINER_OF(child, struct exec, child)->output, why);
}

static enum applied apply(struct output *o, char *text, struct err *err)
{
	struct exec *exec = o->work;
	struct child_spec spec = {
		.argv = o->settings->command.at,
		.input = text,
		.service = o->view->service,
		.timeout = (double)o->settings->timeout_ms / 1000.0,
	};

	int started = child_start(&exec->child, o->loop, &spec, on_done, err);
	free(text);
	return started < 0 ? APPLY_FAILED : APPLY_RUNNING;
}

static void destroy(struct output *o)
{
	struct exec *exec = o->work;

	child_stop(&exec->child);
	free(exec);
}

const struct output_kind output_exec = {
	.name = "exec",
	.settles = true,
	.place = place,
	.render = render,
	.create = create,
	.apply = apply,
	.destroy = destroy,
};
