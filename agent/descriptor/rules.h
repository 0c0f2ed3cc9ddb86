/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_RULES_H
#define AGENT_DESCRIPTOR_RULES_H

/*
 * rules - what keys say together. Some of it is allowed, but probably not meant
 * (a slip in a unit, mostly): those are warnings. The rest makes no sense. All
 * are said about keys that the user has written.
 */

#include <stdbool.h>
#include <stddef.h>

struct descriptor;

struct rule {
	const char *key; /* the one that is likely to be wrong */
	bool warning;    /* else it is an error */
	/* True when it looks wrong; the sentence is then in `say`. */
	bool (*broken)(const struct descriptor *d, char *say, size_t size);
};

const struct rule *rules_all(size_t *n);

#endif
