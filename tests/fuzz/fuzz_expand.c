/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of an input is expanded as a second, much simpler reading of the rules expands it, and
 * what comes out stays within its limit.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/expand.h"
#include "tests/fuzz/fuzz.h"

static char *variable; /* what LONG holds, of the input */

static const char *look_up(const char *name)
{
	if (strcmp(name, "A") == 0) {
		return "value ${B}";
	}
	if (strcmp(name, "EMPTY") == 0) {
		return "";
	}
	return strcmp(name, "LONG") == 0 ? variable : NULL;
}

/* What the text begins with; NULL for what is no reference as the rules have it. */
static const char *reference(const char *at, char **value)
{
	static const char letters[] =
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	size_t len = strspn(at + 2, letters);
	const char *behind = at + 2 + len, *end = strchr(at, '}');
	char name[129];

	if (len == 0 || len >= sizeof name || (at[2] >= '0' && at[2] <= '9') || end == NULL) {
		return NULL;
	}
	memcpy(name, at + 2, len);
	name[len] = '\0';
	const char *found = look_up(name);
	bool has = behind < end;
	if (has && (behind[0] != ':' || (behind[1] != '-' && behind[1] != '?'))) {
		return NULL;
	}
	char *word = has ? strndup(behind + 2, (size_t)(end - behind - 2)) : NULL;
	bool nested = has && strstr(word, "${") != NULL;
	bool there = found != NULL && (!has || found[0] != '\0');
	*value = nested                    ? NULL
		 : there                   ? strdup(found)
		 : has && behind[1] == '-' ? strdup(word)
					   : NULL;
	free(word);
	return *value == NULL ? NULL : end + 1;
}

/* New; NULL when it is to be refused. */
static char *expected(const char *text)
{
	struct fuzz_out out;
	bool ok = true;

	fuzz_out_open(&out);
	while (ok && *text != '\0') {
		char *value = NULL;
		if (strncmp(text, "$${", 3) == 0) {
			(void)fputs("${", out.file);
			text += 3;
		} else if (strncmp(text, "${", 2) == 0) {
			text = reference(text, &value);
			ok = text != NULL;
			(void)fputs(ok ? value : "", out.file);
			free(value);
		} else {
			(void)fputc(*text++, out.file);
		}
	}
	(void)fuzz_out_text(&out);
	char *copy = ok && out.len <= EXPAND_MAX ? strdup(out.text) : NULL;
	fuzz_out_finish(&out);
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	char *text = fuzz_take_text(&b), *out = NULL;
	struct err err = { 0 };

	variable = fuzz_take_text(&b);
	char *wanted = expected(text);
	if (expand_text(text, look_up, &out, &err) == 0) {
		HOLDS(wanted != NULL && strcmp(out, wanted) == 0);
		HOLDS(strlen(out) <= EXPAND_MAX);
	} else {
		HOLDS(wanted == NULL && out == NULL);
		HOLDS(err.code != ERR_NONE && err.text[0] != '\0');
	}
	free(wanted);
	free(out);
	free(variable);
	free(text);
	return 0;
}
