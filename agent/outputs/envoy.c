/* SPDX-License-Identifier: Apache-2.0 */
/* envoy - endpoints in a file that Envoy watches; it notices files that are renamed to it. */
#include <string.h>

#include "agent/outputs/envoy_text.h"
#include "agent/outputs/file.h"
#include "agent/outputs/output_kind.h"

static const char *place(const struct output_settings *settings)
{
	return settings->path;
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

const struct output_kind output_envoy = {
	.name = "envoy",
	.place = place,
	.render = envoy_text,
	.create = create,
	.apply = apply,
};
