/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A greeting is judged by its first bytes, however it is cut into pieces. The input: the lengths of
 * two pieces, and the greeting.
 */
#include <string.h>

#include "agent/net/h2_greeting.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct h2_greeting whole = { 0 }, cut = { 0 };

	if (size < 2) {
		return 0;
	}
	const uint8_t *said = data + 2;
	size_t len = size - 2;
	size_t first = data[0] < len ? data[0] : len;
	size_t second = data[1] < len - first ? data[1] : len - first;
	h2_greeting_note(&whole, said, len);
	h2_greeting_note(&cut, said, first);
	h2_greeting_note(&cut, said + first, second);
	h2_greeting_note(&cut, said + first + second, len - first - second);
	HOLDS(whole.n == cut.n && memcmp(&whole, &cut, sizeof whole) == 0);
	HOLDS(whole.n == (len < sizeof whole.first ? len : sizeof whole.first));
	HOLDS(memcmp(whole.first, said, whole.n) == 0);
	HOLDS(h2_greeting_sentence(&whole) == h2_greeting_sentence(&cut));
	HOLDS(h2_greeting_is_tls(&whole) == (len >= 2 && said[0] == 0x15 && said[1] == 0x03));
	HOLDS((strstr(h2_greeting_sentence(&whole), "HTTP/1.1") != NULL) ==
			(len >= 4 && memcmp(said, "HTTP", 4) == 0));
	HOLDS((strstr(h2_greeting_sentence(&whole), "TLS") != NULL) == h2_greeting_is_tls(&whole));
	return 0;
}
