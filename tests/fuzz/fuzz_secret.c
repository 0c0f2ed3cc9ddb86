/* SPDX-License-Identifier: Apache-2.0 */
/* A password in a descriptor is in no message, whatever is wrong with it, and in no masked print.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/descriptor.h"
#include "agent/descriptor/problems.h"
#include "tests/fuzz/fuzz.h"

#define PLANTED "planted-Xq7-secret"

/* In double quotes, so that it stays within the value whatever it holds. */
static void print_quoted(FILE *out, const char *text)
{
	(void)fputc('"', out);
	for (const char *at = text; *at != '\0'; at++) {
		bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
			      (*at >= '0' && *at <= '9');
		(void)fprintf(out, letter ? "%c" : "\\x%02x",
				letter ? *at : (int)(unsigned char)*at);
	}
	(void)fputc('"', out);
}

static void check(const char *text, size_t len)
{
	struct problems problems = { 0 };
	struct fuzz_out out;
	struct descriptor d;

	if (descriptor_parse(&d, "fuzz.yaml", text, len, &problems) == 0) {
		fuzz_out_open(&out);
		descriptor_print(&d, SECRETS_MASKED, out.file);
		HOLDS(strstr(fuzz_out_text(&out), PLANTED) == NULL);
		fuzz_out_finish(&out);
		descriptor_finish(&d);
	}
	for (size_t i = 0; i < problems.n; i++) {
		HOLDS(strstr(problems.at[i].text, PLANTED) == NULL);
	}
	problems_finish(&problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	bool again = fuzz_u8(&b) % 2 == 1;
	char *before = fuzz_take_text(&b), *behind = fuzz_take_text(&b);
	char *secret = NULL;
	struct fuzz_out out;

	(void)setenv("PASSWORD", PLANTED, 1);
	HOLDS(asprintf(&secret, "%s" PLANTED "%s", before, behind) >= 0);
	if (strstr(before, ":?") == NULL) { /* behind which stands a message, to be shown */
		fuzz_out_open(&out);
		(void)fputs("service: {name: a, host: localhost, port: 1}\n"
			    "etcd:\n  endpoints: localhost\n  username: u\n  password: ",
				out.file);
		print_quoted(out.file, secret);
		(void)fputs("\n", out.file);
		if (again) {
			(void)fputs("  password: ", out.file);
			print_quoted(out.file, secret);
			(void)fputs("\n", out.file);
		}
		(void)fuzz_out_text(&out);
		check(out.text, out.len);
		fuzz_out_finish(&out);
	}
	free(secret);
	free(before);
	free(behind);
	return 0;
}
