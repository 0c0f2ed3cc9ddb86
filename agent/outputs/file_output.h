/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTPUTS_FILE_OUTPUT_H
#define AGENT_OUTPUTS_FILE_OUTPUT_H

/* file_output - what the kinds of output have in common that are one file. */

#include "agent/outputs/file_write.h"
#include "agent/outputs/output_kind.h"

/* The `work` of a kind that is nothing more; the first member of that of one that is. */
struct file_output {
	struct output *output; /* borrowed */
	struct file_write write;
};

/* Makes it the work of `o`, and takes away what an agent that was killed has left. */
void file_output_init(
		struct file_output *f, struct output *o, const struct file_write_events *events);

/* For struct file_write_events. */
void file_output_turn(struct file_write *w);
void file_output_late(struct file_write *w, const char *why);

/* For struct output_kind. */
const char *file_output_place(const struct output_settings *settings);
bool file_output_has_turn(struct output *o);
enum applied file_output_apply(struct output *o, char *text, struct err *err);

/* ... of a kind that is nothing more. */
int file_output_create(struct output *o);
void file_output_destroy(struct output *o);

#endif
