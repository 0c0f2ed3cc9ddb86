/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_H2_GREETING_H
#define AGENT_NET_H2_GREETING_H

/* h2_greeting - the first bytes of a peer: what it speaks, if it is not HTTP/2. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded; zeroed is a peer that has said nothing. Only `n` is for its users. */
struct h2_greeting {
	uint8_t first[8];
	size_t n; /* how many bytes are kept */
};

/* Keeps as many of the bytes as there is room for. */
void h2_greeting_note(struct h2_greeting *g, const uint8_t *data, size_t len);

/* True when it is a TLS alert: it wants TLS. */
bool h2_greeting_is_tls(const struct h2_greeting *g);

/* A sentence about a port that does not speak HTTP/2. */
const char *h2_greeting_sentence(const struct h2_greeting *g);

#endif
