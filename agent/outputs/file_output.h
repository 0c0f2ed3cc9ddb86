/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTPUTS_FILE_OUTPUT_H
#define AGENT_OUTPUTS_FILE_OUTPUT_H

/* file_output - what the kinds of output have in common that are one file and nothing more. */

#include "agent/outputs/output_kind.h"

/* For struct output_kind. */
const char *file_output_place(const struct output_settings *settings);
int file_output_create(struct output *o);
enum applied file_output_apply(struct output *o, const char *text, struct err *err);

#endif
