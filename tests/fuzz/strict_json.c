/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strict_json - an opinion about JSON that has nothing to do with cJSON: the grammar of RFC 8259,
 * rule by rule. Keeps nothing of what it reads.
 */
#include <string.h>

#include "agent/utf8.h"
#include "tests/fuzz/fuzz.h"

#define DEPTH_MAX 1000

struct cursor {
	const char *at, *end;
	unsigned depth;
};

static bool pass(struct cursor *c, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(c->end - c->at) < len || memcmp(c->at, word, len) != 0) {
		return false;
	}
	c->at += len;
	return true;
}

static void pass_space(struct cursor *c)
{
	while (c->at < c->end && strchr(" \t\r\n", *c->at) != NULL && *c->at != '\0') {
		c->at++;
	}
}

static size_t pass_digits(struct cursor *c)
{
	size_t n = 0;

	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
		n++;
	}
	return n;
}

static bool pass_number(struct cursor *c)
{
	(void)pass(c, "-");
	if (!pass(c, "0") && pass_digits(c) == 0) {
		return false;
	}
	if (pass(c, ".") && pass_digits(c) == 0) {
		return false;
	}
	if (pass(c, "e") || pass(c, "E")) {
		if (!pass(c, "+")) {
			(void)pass(c, "-");
		}
		return pass_digits(c) > 0;
	}
	return true;
}

/* Behind a backslash. */
static bool pass_escape(struct cursor *c)
{
	if (!pass(c, "u")) {
		bool known = c->at < c->end && *c->at != '\0' &&
			     strchr("\"\\/bfnrt", *c->at) != NULL;
		c->at += known;
		return known;
	}
	for (unsigned i = 0; i < 4; i++, c->at++) {
		if (c->at >= c->end || *c->at == '\0' ||
				strchr("0123456789abcdefABCDEF", *c->at) == NULL) {
			return false;
		}
	}
	return true;
}

static bool pass_text(struct cursor *c)
{
	if (!pass(c, "\"")) {
		return false;
	}
	while (c->at < c->end && *c->at != '"') {
		uint32_t code;
		size_t n = utf8_decode(c->at, (size_t)(c->end - c->at), &code);
		if (n == 0 || code < 0x20) {
			return false;
		}
		c->at += n;
		if (code == '\\' && !pass_escape(c)) {
			return false;
		}
	}
	return pass(c, "\"");
}

static bool pass_value(struct cursor *c);

static bool pass_member(struct cursor *c)
{
	pass_space(c);
	if (!pass_text(c)) {
		return false;
	}
	pass_space(c);
	return pass(c, ":") && pass_value(c);
}

/* Behind the bracket. */
static bool pass_children(struct cursor *c, const char *close, bool (*child)(struct cursor *c))
{
	bool ok = ++c->depth <= DEPTH_MAX;

	pass_space(c);
	if (ok && !pass(c, close)) {
		do {
			ok = child(c);
		} while (ok && pass(c, ","));
		ok = ok && pass(c, close);
	}
	c->depth--;
	return ok;
}

static bool pass_value(struct cursor *c)
{
	bool ok;

	pass_space(c);
	if (pass(c, "{")) {
		ok = pass_children(c, "}", pass_member);
	} else if (pass(c, "[")) {
		ok = pass_children(c, "]", pass_value);
	} else if (c->at < c->end && *c->at == '"') {
		ok = pass_text(c);
	} else {
		ok = pass(c, "true") || pass(c, "false") || pass(c, "null") || pass_number(c);
	}
	pass_space(c);
	return ok;
}

bool fuzz_is_json(const char *text, size_t len)
{
	struct cursor c = { text, text + len, 0 };

	return pass_value(&c) && c.at == c.end;
}
