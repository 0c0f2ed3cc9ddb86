/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read is JSON by its own definition, and what is JSON is read; printed, it is the same
 * again, with every number as it was written.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "agent/json_read.h"
#include "tests/fuzz/fuzz.h"

#define NUMBER_MAX 63 /* bytes; cJSON reads no longer ones */

/* What is JSON and is refused all the same: each for a reason that stands in json_read.h, or
 * cJSON's. */
static bool may_be_refused(const char *text, size_t len)
{
	size_t digits = 0, longest = 0, members = 0;

	for (size_t i = 0; i < len; i++) {
		bool digit = text[i] != '\0' && strchr("+-.0123456789eE", text[i]) != NULL;
		digits = digit ? digits + 1 : 0;
		longest = digits > longest ? digits : longest;
		members += text[i] == ':';
	}
	return longest > NUMBER_MAX || members > JSON_MEMBERS_MAX || len > JSON_READ_MAX ||
	       memmem(text, len, "\\u", 2) != NULL; /* a NUL, or half of a pair */
}

static bool is_object(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len && text[at] != '\0' && strchr(" \t\r\n", text[at]) != NULL) {
		at++;
	}
	return at < len && text[at] == '{' && fuzz_is_json(text, len);
}

static void check_read(const cJSON *object)
{
	char *first = cJSON_PrintUnformatted(object);
	struct err err;

	HOLDS(first != NULL && cJSON_IsObject(object));
	HOLDS(fuzz_is_json(first, strlen(first)) && strchr(first, '\n') == NULL);
	HOLDS(cJSON_GetArraySize(object) <= JSON_MEMBERS_MAX);
	cJSON *again = json_read_up_to(first, strlen(first), SIZE_MAX, &err);
	HOLDS(again != NULL);
	char *second = cJSON_PrintUnformatted(again);
	HOLDS(second != NULL && strcmp(first, second) == 0);
	free(first);
	free(second);
	cJSON_Delete(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct err err = { 0 };
	cJSON *object = json_read(text, size, &err);

	if (object != NULL) {
		HOLDS(is_object(text, size));
		check_read(object);
	} else {
		HOLDS(err.text[0] != '\0');
		HOLDS(!is_object(text, size) || may_be_refused(text, size));
	}
	cJSON_Delete(object);
	return 0;
}
