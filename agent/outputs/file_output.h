/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTPUTS_FILE_OUTPUT_H
#define AGENT_OUTPUTS_FILE_OUTPUT_H

/* file_output - what the kinds of output have in common that are one file and nothing more. */

#include "agent/outputs/output_kind.h"

/* What is said of a file whose disk does not answer. */
#define FILE_OUTPUT_LATE "the disk has not taken it yet, after 10 s"

/* For struct output_kind. */
const char *file_output_place(const struct output_settings *settings);
int file_output_create(struct output *o);
bool file_output_has_turn(struct output *o);
enum applied file_output_apply(struct output *o, char *text, struct err *err);
void file_output_destroy(struct output *o);

#endif
