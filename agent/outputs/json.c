/* SPDX-License-Identifier: Apache-2.0 */
/* json - the document in a file. */
#include "agent/outputs/document.h"
#include "agent/outputs/file.h"
#include "agent/outputs/output_kind.h"
#include "agent/util.h"

#include <string.h>

static const char *place(const struct output_settings *settings)
{
	return settings->path;
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
	file_sweep(o->settings->path);
	return 0;
}

static enum applied apply(struct output *o, const char *text, struct err *err)
{
	return file_replace(o->settings->path, text, strlen(text), o->random, err) < 0
			       ? APPLY_FAILED
			       : APPLY_DONE;
}

const struct output_kind output_json = {
	.name = "json",
	.dated = true,
	.place = place,
	.render = render,
	.create = create,
	.apply = apply,
};
