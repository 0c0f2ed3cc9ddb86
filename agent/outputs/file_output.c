/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outputs/file_output.h"

#include <string.h>

#include "agent/outputs/file.h"

const char *file_output_place(const struct output_settings *settings)
{
	return settings->path;
}

int file_output_create(struct output *o)
{
	file_sweep(o->settings->path);
	return 0;
}

enum applied file_output_apply(struct output *o, const char *text, struct err *err)
{
	return file_replace(o->settings->path, text, strlen(text), o->random, err) < 0
			       ? APPLY_FAILED
			       : APPLY_DONE;
}
