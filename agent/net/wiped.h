/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_WIPED_H
#define AGENT_NET_WIPED_H

/* wiped - bytes that grow, and are wiped before they are freed: they may hold a token. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed is empty. */
struct wiped {
	uint8_t *at; /* owned */
	size_t len, size;
};

/* False without memory, or when it were longer than `limit` then. */
bool wiped_add(struct wiped *w, const uint8_t *data, size_t len, size_t limit);

/* Hands the bytes over; *w is empty then. */
struct wiped wiped_take(struct wiped *w);

/* Safe when empty. */
void wiped_free(struct wiped *w);

#endif
