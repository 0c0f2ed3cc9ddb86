/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/scalar.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/utf8.h"
#include "agent/util.h"

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* The grammar of RFC 8259: no plus sign, no leading zero, digits on both sides of the point. */
static bool is_number(const char *text)
{
	const char *at = text + (*text == '-');
	size_t n = strspn(at, DIGITS);
	if (n == 0 || (n > 1 && *at == '0')) {
		return false;
	}
	at += n;
	if (*at == '.') {
		n = strspn(++at, DIGITS);
		if (n == 0) {
			return false;
		}
		at += n;
	}
	if (*at == 'e' || *at == 'E') {
		at++;
		at += *at == '+' || *at == '-';
		n = strspn(at, DIGITS);
		if (n == 0) {
			return false;
		}
		at += n;
	}
	return *at == '\0';
}

enum scalar_kind scalar_kind_of(const char *text)
{
	static const struct word {
		const char *text;
		enum scalar_kind kind;
	} words[] = {
		{ "true", SCALAR_TRUE },
		{ "false", SCALAR_FALSE },
		{ "null", SCALAR_NULL },
		{ "~", SCALAR_NULL },
		{ "", SCALAR_NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].text, text) == 0) {
			return words[i].kind;
		}
	}
	return is_number(text) ? SCALAR_NUMBER : SCALAR_TEXT;
}

int scalars_add(struct scalars *s, enum scalar_kind kind, const char *name, const char *text)
{
	struct scalar *grown = realloc(s->at, (s->n + 1) * sizeof(*s->at));
	if (grown == NULL) {
		return -1;
	}
	s->at = grown;
	struct scalar made = {
		.kind = kind,
		.name = strdup(name),
		.text = strdup(kind == SCALAR_NULL ? "null" : text),
	};
	if (made.name == NULL || made.text == NULL) {
		free(made.name);
		free(made.text);
		return -1;
	}
	s->at[s->n++] = made;
	return 0;
}

bool scalars_equal(const struct scalars *a, const struct scalars *b)
{
	if (a->n != b->n) {
		return false;
	}
	for (size_t i = 0; i < a->n; i++) {
		if (a->at[i].kind != b->at[i].kind || strcmp(a->at[i].name, b->at[i].name) != 0 ||
				strcmp(a->at[i].text, b->at[i].text) != 0) {
			return false;
		}
	}
	return true;
}

void scalars_finish(struct scalars *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->at[i].name);
		free(s->at[i].text);
	}
	free(s->at);
	*s = (struct scalars){ 0 };
}

static int check_sizes(const char *name, const char *text, struct err *err)
{
	size_t name_len = strlen(name), text_len = strlen(text);
	if (name_len == 0) {
		return err_set(err, ERR_RANGE, "a member needs a name");
	}
	if (name_len > SCALAR_NAME_MAX) {
		return err_set(err, ERR_RANGE, "the name has %zu bytes, %d are possible", name_len,
				SCALAR_NAME_MAX);
	}
	if (text_len > SCALAR_VALUE_MAX) {
		return err_set(err, ERR_RANGE, "the value has %zu bytes, %d are possible", text_len,
				SCALAR_VALUE_MAX);
	}
	return 0;
}

static bool is_one_of(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i], name) == 0) {
			return true;
		}
	}
	return false;
}

int scalar_check_member(const char *name, const char *text, struct err *err)
{
	static const char *const taken[] = { "host", "port", "protocol" };
	if (is_one_of(name, taken, ARRAY_LEN(taken))) {
		return err_set(err, ERR_RANGE, "is in the value already, from service.%s", name);
	}
	if (strstr(name, "${") != NULL) {
		return err_set(err, ERR_SYNTAX, "only values are expanded, names are not");
	}
	uint32_t code;
	size_t len = strlen(name);
	for (size_t at = 0, n; at < len; at += n) {
		n = utf8_decode(name + at, len - at, &code);
		if (n == 0 || utf8_is_control(code)) {
			return err_set(err, ERR_SYNTAX, "the name holds a control character");
		}
	}
	return check_sizes(name, text, err);
}

static bool is_printable(const char *text)
{
	while (*text >= 0x20 && *text <= 0x7e) {
		text++;
	}
	return *text == '\0';
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

/* HTTP/1.1 has names in any case. */
static bool is_reserved(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcasecmp(list[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static int check_header(const char *name, const char *text, const char *chars, const char *signs,
		struct err *err)
{
	if (check_sizes(name, text, err) < 0) {
		return -1;
	}
	if (strspn(name, chars) != strlen(name)) {
		return err_set(err, ERR_SYNTAX, "the name of a header has only %s", signs);
	}
	if (!is_printable(text)) {
		return err_set(err, ERR_SYNTAX, "the value of a header is printable ASCII");
	}
	return 0;
}

int scalar_check_metadata(const char *name, const char *text, struct err *err)
{
	/* Set by the probe itself, or without a meaning in HTTP/2. */
	static const char *const reserved[] = { "connection", "content-length", "content-type",
		"host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
		"upgrade", "user-agent" };

	if (check_header(name, text, LOWER DIGITS "_.-", "a-z, 0-9, and the signs _ . -", err) <
			0) {
		return -1;
	}
	if (is_reserved(name, reserved, ARRAY_LEN(reserved)) || strncmp(name, "grpc-", 5) == 0) {
		return err_set(err, ERR_RANGE, "this header is reserved, the probe sets it itself");
	}
	if (ends_with(name, "-bin")) {
		return err_set(err, ERR_RANGE, "binary headers (-bin) are not supported");
	}
	return 0;
}

int scalar_check_header(const char *name, const char *text, struct err *err)
{
	/* They are about the connection, or a body that a GET does not have. */
	static const char *const reserved[] = { "connection", "content-length", "expect",
		"keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade" };

	if (check_header(name, text, LOWER UPPER DIGITS "!#$%&'*+-.^_`|~",
			    "letters, digits, and signs such as -", err) < 0) {
		return -1;
	}
	if (is_reserved(name, reserved, ARRAY_LEN(reserved))) {
		return err_set(err, ERR_RANGE, "this header is reserved, the probe sets it itself");
	}
	return 0;
}
