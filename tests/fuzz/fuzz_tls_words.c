/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What OpenSSL and libcurl say about TLS, and names that come from a peer: every sentence is
 * printable ASCII, and fits where it is said that it fits; what is cut is shorter than it was.
 *
 * The input: two numbers (4 bytes, 1 byte), and three texts: the peer, the name, libcurl's words.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/net/tls_complaint.h"
#include "agent/net/tls_problem.h"
#include "tests/fuzz/fuzz.h"

static void expect_sentence(const char *sentence, size_t size)
{
	size_t len = strnlen(sentence, size);

	HOLDS(len < size);
	for (size_t i = 0; i < len; i++) {
		HOLDS(sentence[i] >= 0x20 && sentence[i] < 0x7f);
	}
}

static void say_problem(long code, const char *peer, const char *expected)
{
	char sentence[TLS_PROBLEM_TEXT_MAX], longer[4 * TLS_PROBLEM_TEXT_MAX], small[20];

	tls_problem_sentence(sentence, sizeof sentence, code, peer, expected);
	tls_problem_sentence(longer, sizeof longer, code, peer, expected);
	tls_problem_sentence(small, sizeof small, code, peer, expected);
	expect_sentence(sentence, sizeof sentence);
	expect_sentence(small, sizeof small);
	HOLDS(strcmp(sentence, longer) == 0);
}

static void say_alert(int alert, const char *peer, bool asked, bool shown)
{
	char sentence[TLS_PROBLEM_TEXT_MAX], longer[4 * TLS_PROBLEM_TEXT_MAX];

	tls_problem_alert(sentence, sizeof sentence, alert, peer, asked, shown);
	tls_problem_alert(longer, sizeof longer, alert, peer, asked, shown);
	expect_sentence(sentence, sizeof sentence);
	HOLDS(strcmp(sentence, longer) == 0);
}

static void cut(char *words)
{
	size_t len = strlen(words);
	bool parts = strstr(words, "::") != NULL;
	enum tls_complaint complaint = tls_complaint_of(words);

	HOLDS(complaint <= TLS_COMPLAINT_PLAIN);
	tls_complaint_cut(words);
	HOLDS(parts ? strlen(words) + 2 <= len : strlen(words) == len);
	HOLDS(!parts || strchr(words, ',') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };
	uint32_t code = fuzz_u32(&in);
	uint8_t alert = fuzz_u8(&in);
	char *peer = fuzz_take_text(&in), *name = fuzz_take_text(&in), *words = fuzz_take_text(&in);

	say_problem((long)(int32_t)code, peer, name);
	say_problem((long)(code % 100), name, peer);
	say_alert(alert, peer, (code & 1) != 0, (code & 2) != 0);
	cut(words);
	free(peer);
	free(name);
	free(words);
	return 0;
}
