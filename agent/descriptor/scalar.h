/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_SCALAR_H
#define AGENT_DESCRIPTOR_SCALAR_H

/*
 * scalar - the members of a metadata mapping: how they are typed, and which
 * ones may be there. The structs are in agent/descriptor/descriptor.h.
 */

#include <stdbool.h>
#include <stddef.h>

#include "agent/descriptor/descriptor.h"
#include "agent/err.h"

#define SCALARS_MAX      64   /* members of one mapping */
#define SCALAR_NAME_MAX  128  /* bytes */
#define SCALAR_VALUE_MAX 1024 /* bytes */

/*
 * The type of a text that stood without quotes: true, false; null, ~ or
 * nothing; exactly a JSON number; else text.
 */
enum scalar_kind scalar_kind_of(const char *text);

/* Appends copies. Returns -1 when there is no memory; *s is then as it was. */
int scalars_add(struct scalars *s, enum scalar_kind kind, const char *name, const char *text);

bool scalars_equal(const struct scalars *a, const struct scalars *b);

/* Frees what *s owns and zeroes it. Safe on a zeroed struct. */
void scalars_finish(struct scalars *s);

typedef int scalar_check(const char *name, const char *text, struct err *err);

/* Fails unless it can be a further member of a registered value. */
scalar_check scalar_check_member;

/* Fails unless it can go with a gRPC request as metadata. */
scalar_check scalar_check_metadata;

/* Fails unless it can go with an HTTP/1.1 request as a header. */
scalar_check scalar_check_header;

#endif
