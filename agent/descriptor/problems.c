/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problems - each text is put together when it is added, and what came from
 * the input is made harmless then: a value with a line end or an escape
 * sequence in it can neither forge a line nor move the cursor.
 */
#include "agent/descriptor/problems.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/utf8.h"

/* Takes `raw`; returns a copy with all that steers, and each bad byte, as \xNN. */
static char *harmless(char *raw)
{
	if (raw == NULL) {
		return NULL;
	}
	size_t len = strlen(raw);
	char *out = malloc(len * 4 + 1);
	if (out == NULL) {
		free(raw);
		return NULL;
	}
	char *to = out;
	for (size_t at = 0, n; at < len; at += n) {
		uint32_t code = 0;
		n = utf8_decode(raw + at, len - at, &code);
		bool bad = n == 0 || utf8_steers(code);
		n = n == 0 ? 1 : n;
		for (size_t i = 0; i < n; i++) {
			if (bad) {
				to += snprintf(to, 5, "\\x%02x",
						(unsigned)(unsigned char)raw[at + i]);
			} else {
				*to++ = raw[at + i];
			}
		}
	}
	*to = '\0';
	free(raw);
	return out;
}

/* "file:line:column: key: " and "warning: ", as far as each applies. Owned by the caller. */
static char *heading(
		bool warning, const char *file, unsigned line, unsigned column, const char *key)
{
	char place[32] = "";
	if (line > 0) {
		snprintf(place, sizeof(place), ":%u:%u", line, column);
	}
	char *text;
	int n = asprintf(&text, "%s%s: %s%s%s", file, place, key == NULL ? "" : key,
			key == NULL ? "" : ": ", warning ? "warning: " : "");
	return n < 0 ? NULL : text;
}

static char *compose(char *head, const char *fmt, va_list args)
{
	char *sentence;
	if (head == NULL || vasprintf(&sentence, fmt, args) < 0) {
		free(head);
		return NULL;
	}
	char *text;
	if (asprintf(&text, "%s%s", head, sentence) < 0) {
		text = NULL;
	}
	free(head);
	free(sentence);
	return harmless(text);
}

void problems_add(struct problems *p, bool warning, const char *file, unsigned line,
		unsigned column, const char *key, const char *fmt, ...)
{
	if (!warning) {
		p->n_errors++;
	}
	if (p->lack.code != ERR_NONE) {
		return;
	}
	va_list args;
	va_start(args, fmt);
	char *text = compose(heading(warning, file, line, column, key), fmt, args);
	va_end(args);

	struct problem *grown = text == NULL ? NULL : realloc(p->at, (p->n + 1) * sizeof(*p->at));
	if (grown == NULL) {
		free(text);
		problems_lack(p, "out of memory");
		return;
	}
	p->at = grown;
	p->at[p->n++] = (struct problem){
		.warning = warning, .line = line, .column = column, .text = text
	};
}

void problems_lack(struct problems *p, const char *what)
{
	p->n_errors++;
	if (p->lack.code == ERR_NONE) {
		(void)err_set(&p->lack, ERR_SYSTEM, "%s", what);
	}
}

void problems_unread(struct problems *p, const char *path, int error)
{
	if (error == ENOMEM || error == EMFILE || error == ENFILE) {
		char what[200];
		(void)snprintf(what, sizeof what, "%.120s cannot be read: %s", path,
				strerror(error));
		problems_lack(p, what);
		return;
	}
	problems_add(p, false, path, 0, 0, NULL, "cannot be read: %s", strerror(error));
}

static bool is_after(const struct problem *a, const struct problem *b)
{
	return a->line != b->line ? a->line > b->line : a->column > b->column;
}

/* By insertion: stable, and quick for lists that are nearly in order, as ours are. */
void problems_sort(struct problems *p, size_t from)
{
	for (size_t i = from + 1; i < p->n; i++) {
		struct problem moving = p->at[i];
		size_t to = i;
		for (; to > from && is_after(&p->at[to - 1], &moving); to--) {
			p->at[to] = p->at[to - 1];
		}
		p->at[to] = moving;
	}
}

void problems_print(const struct problems *p, FILE *out)
{
	for (size_t i = 0; i < p->n; i++) {
		fprintf(out, "%s\n", p->at[i].text);
	}
}

void problems_finish(struct problems *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->at[i].text);
	}
	free(p->at);
	*p = (struct problems){ 0 };
}
