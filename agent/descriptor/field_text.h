/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_FIELD_TEXT_H
#define AGENT_DESCRIPTOR_FIELD_TEXT_H

/* field_text - the kinds of keys whose value is one text. Pure but for interface:NAME. */

#include "agent/err.h"

struct schema_row;

/*
 * Checks `text` against the row and stores it in `member`. The text is valid
 * UTF-8. On failure *member is as it was and *err says why.
 */
int field_text_set(void *member, const struct schema_row *row, const char *text, struct err *err);

#endif
