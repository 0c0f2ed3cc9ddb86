/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/h2_greeting.h"

#include <string.h>

void h2_greeting_note(struct h2_greeting *g, const uint8_t *data, size_t len)
{
	size_t room = sizeof g->first - g->n;
	size_t n = len < room ? len : room;

	memcpy(g->first + g->n, data, n);
	g->n += n;
}

bool h2_greeting_is_tls(const struct h2_greeting *g)
{
	return g->n >= 2 && g->first[0] == 0x15 && g->first[1] == 0x03;
}

const char *h2_greeting_sentence(const struct h2_greeting *g)
{
	if (g->n >= 4 && memcmp(g->first, "HTTP", 4) == 0) {
		return "the port answers HTTP/1.1, not HTTP/2";
	}
	if (h2_greeting_is_tls(g)) {
		return "the port answers with a TLS alert: it wants TLS (probe.tls)";
	}
	return "the port does not speak HTTP/2";
}
