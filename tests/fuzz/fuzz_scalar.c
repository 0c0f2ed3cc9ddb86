/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken for a number is one in JSON, and a header that is taken can stand in a request. */
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/scalar.h"
#include "agent/utf8.h"
#include "tests/fuzz/fuzz.h"

static void check_kind(const char *text)
{
	size_t len = strlen(text);
	bool number = len > 0 && strchr("-0123456789", text[0]) != NULL &&
		      strchr(" \t\r\n", text[len - 1]) == NULL && fuzz_is_json(text, len);

	HOLDS((scalar_kind_of(text) == SCALAR_NUMBER) == number);
}

/* No byte that ends a line or a name. */
static bool is_header(const char *name, const char *text)
{
	for (const char *at = name; *at != '\0'; at++) {
		if (*at <= ' ' || *at > '~' || strchr("\"(),/:;<=>?@[\\]{}", *at) != NULL) {
			return false;
		}
	}
	for (const char *at = text; *at != '\0'; at++) {
		if (*at < ' ' || *at > '~') {
			return false;
		}
	}
	return name[0] != '\0';
}

static bool has_capitals(const char *name)
{
	return strpbrk(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL;
}

static void check_checks(const char *name, const char *text)
{
	struct err err = { 0 };

	if (scalar_check_header(name, text, &err) == 0) {
		HOLDS(is_header(name, text) && strlen(name) <= SCALAR_NAME_MAX);
	} else {
		HOLDS(err.text[0] != '\0');
	}
	if (scalar_check_metadata(name, text, &err) == 0) {
		HOLDS(is_header(name, text) && !has_capitals(name));
		HOLDS(strncmp(name, "grpc-", 5) != 0 && strcmp(name, "te") != 0);
	}
	if (scalar_check_member(name, text, &err) == 0) {
		HOLDS(!utf8_has_control(name) && strlen(name) >= 1);
		HOLDS(strcmp(name, "host") != 0 && strlen(text) <= SCALAR_VALUE_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	char *name = fuzz_take_text(&b), *text = fuzz_take_text(&b);
	struct scalars one = { 0 }, other = { 0 };

	check_kind(name);
	check_kind(text);
	check_checks(name, text);
	HOLDS(scalars_add(&one, scalar_kind_of(text), name, text) == 0);
	HOLDS(!scalars_equal(&one, &other));
	HOLDS(scalars_add(&other, scalar_kind_of(text), one.at[0].name, one.at[0].text) == 0);
	HOLDS(scalars_equal(&one, &other));
	scalars_finish(&one);
	scalars_finish(&other);
	free(name);
	free(text);
	return 0;
}
