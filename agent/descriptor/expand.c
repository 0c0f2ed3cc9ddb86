/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/expand.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/wiping.h"

#define NAME_MAX_LEN 128

/* The text as it grows. */
struct growing {
	char *text; /* owned */
	size_t len, room;
};

static int grow(struct growing *g, const char *more, size_t n, struct err *err)
{
	if (n > EXPAND_MAX - g->len) {
		return err_set(err, ERR_RANGE, "comes to more than %d bytes", EXPAND_MAX);
	}
	if (g->text == NULL || g->len + n >= g->room) {
		size_t room = (g->len + n + 1) * 2;
		char *text = wiping_realloc(g->text, room); /* it may be a password */
		if (text == NULL) {
			return err_set(err, ERR_SYSTEM, "out of memory");
		}
		g->text = text;
		g->room = room;
	}
	memcpy(g->text + g->len, more, n);
	g->len += n;
	g->text[g->len] = '\0';
	return 0;
}

static bool is_name_char(char c, bool first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

/* What stands between ${ and }. */
struct reference {
	char name[NAME_MAX_LEN + 1];
	char how;         /* '-', '?', or 0 for a bare name */
	const char *word; /* the default or the message; borrowed, not ended by a NUL */
	size_t word_len;
};

/* Reads the reference that begins at `text`, which is "${"; returns what follows its }. */
static const char *read_reference(const char *text, struct reference *r, struct err *err)
{
	const char *end = strchr(text, '}');
	if (end == NULL) {
		err_set(err, ERR_SYNTAX, "'%.40s' has no closing }", text);
		return NULL;
	}
	const char *name = text + 2;
	size_t n = 0;
	while (is_name_char(name[n], n == 0)) {
		n++;
	}
	const char *after = name + n;
	int whole = (int)(end + 1 - text > 60 ? 60 : end + 1 - text);
	if (n == 0 || n > NAME_MAX_LEN) {
		err_set(err, ERR_SYNTAX, "'%.*s' holds no name of a variable", whole, text);
		return NULL;
	}
	*r = (struct reference){ 0 };
	memcpy(r->name, name, n);
	if (after == end) {
		return end + 1;
	}
	if (after[0] != ':' || (after[1] != '-' && after[1] != '?')) {
		err_set(err, ERR_SYNTAX,
				"'%.*s' is none of ${%.40s}, ${%.40s:-default}, ${%.40s:?message}",
				whole, text, r->name, r->name, r->name);
		return NULL;
	}
	r->how = after[1];
	r->word = after + 2;
	r->word_len = (size_t)(end - r->word);
	const char *inner = strstr(r->word, "${");
	if (inner != NULL && inner < end) {
		err_set(err, ERR_SYNTAX, "'%.*s' holds another ${, which is not supported", whole,
				text);
		return NULL;
	}
	return end + 1;
}

static int resolve(const struct reference *r, expand_lookup *lookup, struct growing *g,
		struct err *err)
{
	const char *value = lookup(r->name);
	bool absent = value == NULL || (r->how != 0 && *value == '\0');
	if (!absent) {
		return grow(g, value, strlen(value), err);
	}
	if (r->how == '-') {
		return grow(g, r->word, r->word_len, err);
	}
	if (r->how == '?' && r->word_len > 0) {
		return err_set(err, ERR_MISSING, "%.60s: %.*s", r->name, (int)r->word_len, r->word);
	}
	if (r->how == '?') {
		return err_set(err, ERR_MISSING, "the variable %.60s is not set, or is empty",
				r->name);
	}
	return err_set(err, ERR_MISSING,
			"the variable %.60s is not set (write ${%.60s:-default} to give it a default)",
			r->name, r->name);
}

/* Copies or resolves what begins at `at`; returns what follows, NULL on failure. */
static const char *step(const char *at, expand_lookup *lookup, struct growing *g, struct err *err)
{
	if (strncmp(at, "$${", 3) == 0) {
		return grow(g, "${", 2, err) < 0 ? NULL : at + 3;
	}
	if (strncmp(at, "${", 2) == 0) {
		struct reference r;
		const char *next = read_reference(at, &r, err);
		return next == NULL || resolve(&r, lookup, g, err) < 0 ? NULL : next;
	}
	size_t n = 1 + strcspn(at + 1, "$");
	return grow(g, at, n, err) < 0 ? NULL : at + n;
}

int expand_text(const char *text, expand_lookup *lookup, char **out, struct err *err)
{
	struct growing g = { 0 };
	if (grow(&g, "", 0, err) < 0) {
		return -1;
	}
	for (const char *at = text; *at != '\0';) {
		at = step(at, lookup, &g, err);
		if (at == NULL) {
			wiping_free(g.text);
			return -1;
		}
	}
	*out = g.text;
	return 0;
}
