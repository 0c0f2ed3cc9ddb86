/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/field.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/descriptor.h"
#include "agent/endpoint.h"
#include "agent/field_text.h"
#include "agent/problems.h"
#include "agent/scalar.h"
#include "agent/schema.h"
#include "agent/utf8.h"
#include "agent/yaml.h"

#define ENDPOINTS_MAX 32
#define ETCD_PORT     2379

/* One key on its way into the descriptor. */
struct field {
	const struct schema_row *row;
	const struct field_source *from;
	void *member;
	bool tls; /* SCHEMA_ENDPOINTS: etcd.tls is there */
};

static void vtell(const struct field_source *from, bool warning, const struct yaml_node *node,
		const char *key, const char *fmt, va_list args)
{
	char path[YAML_PATH_MAX], sentence[400];
	yaml_path(node, path, sizeof(path));
	key = key == NULL ? path : key;
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	if (from->fallback != NULL) { /* it can only be wrong by what a variable holds */
		problems_add(from->problems, warning, from->file, 0, 0, key,
				"in the default %s: %s", from->fallback, sentence);
		return;
	}
	problems_add(from->problems, warning, from->file, node->line, node->column,
			*key == '\0' ? NULL : key, "%s", sentence);
}

void field_refuse(const struct field_source *from, const struct yaml_node *node, const char *key,
		const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vtell(from, false, node, key, fmt, args);
	va_end(args);
}

static void refuse(const struct field *f, const struct yaml_node *node, const char *fmt, ...)
		ERR_PRINTF(3, 4);

static void refuse(const struct field *f, const struct yaml_node *node, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vtell(f->from, false, node, f->row->path, fmt, args);
	va_end(args);
}

static void warn(const struct field *f, const struct yaml_node *node, const char *fmt, ...)
		ERR_PRINTF(3, 4);

static void warn(const struct field *f, const struct yaml_node *node, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vtell(f->from, true, node, f->row->path, fmt, args);
	va_end(args);
}

/* ---- secrets --------------------------------------------------------------------- */

/* Overwrites a text before it is freed. Accepts NULL. */
static void wipe(char *text)
{
	if (text != NULL) {
		explicit_bzero(text, strlen(text));
	}
	free(text);
}

/* True when a part of the text comes from the environment. */
static bool has_reference(const char *text)
{
	for (const char *at = text; (at = strstr(at, "${")) != NULL; at++) {
		if (at == text || at[-1] != '$') {
			return true;
		}
	}
	return false;
}

/* True for ${...} and nothing else: what is wrong with it can be said in full. */
static bool is_reference(const char *text)
{
	const char *end = strchr(text, '}');
	return strncmp(text, "${", 2) == 0 && end != NULL && end[1] == '\0';
}

/* What expand_text says quotes the value; a secret may stand in the quoted part. */
static void refuse_secret(
		const struct field *f, const struct yaml_node *node, const struct err *err)
{
	if (err->code == ERR_MISSING && is_reference(node->text)) {
		refuse(f, node, "%s", err->text);
	} else {
		refuse(f, node, "cannot be expanded (write $${ for a ${ that stands for itself)");
	}
}

static void check_secret(const struct field *f, const struct yaml_node *node)
{
	const char *text = *(char *const *)f->member;
	if (*text != '\0' && !has_reference(node->text)) {
		warn(f, node,
				"stands in the file for all to read: better a password_file, or "
				"${ETCD_PASSWORD}");
	}
}

/* ---- files ----------------------------------------------------------------------- */

/* Only a warning: it may be mounted later, and is opened again whenever it changes. */
static void check_file(const struct field *f, const struct yaml_node *node)
{
	const char *file = *(char *const *)f->member;
	struct stat info;
	if (*file == '\0') {
		return;
	}
	if (stat(file, &info) < 0 || faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) < 0) {
		warn(f, node, "%.200s cannot be read now: %s", file, strerror(errno));
	} else if (S_ISDIR(info.st_mode)) {
		warn(f, node, "%.200s is a folder", file);
	}
}

/* ---- texts ----------------------------------------------------------------------- */

/* The text of a scalar after expansion, owned by the caller; NULL when that is refused. */
static char *text_of(const struct field *f, const struct yaml_node *node, const char *key)
{
	struct err err;
	char *text;
	bool secret = f->row->kind == SCHEMA_SECRET;
	if (node->kind != YAML_SCALAR) {
		field_refuse(f->from, node, key, "must be a single value, not %s",
				yaml_kind_name(node->kind));
		return NULL;
	}
	if (expand_text(node->text, f->from->lookup, &text, &err) < 0) {
		if (secret) {
			refuse_secret(f, node, &err);
		} else {
			field_refuse(f->from, node, key, "%s", err.text);
		}
		return NULL;
	}
	if (!utf8_valid(text, strlen(text))) { /* the file was: it is what a variable holds */
		field_refuse(f->from, node, key, "a variable in '%.80s' holds no valid UTF-8",
				secret ? "********" : node->text);
		wipe(text);
		return NULL;
	}
	return text;
}

static void check_stored(const struct field *f, const struct yaml_node *node)
{
	if (f->row->kind == SCHEMA_SECRET) {
		check_secret(f, node);
	} else if (f->row->kind == SCHEMA_FILE) {
		check_file(f, node);
	}
}

static void set_text(const struct field *f, const struct yaml_node *node)
{
	struct err err;
	char *text = text_of(f, node, f->row->path);
	if (text == NULL) {
		return;
	}
	bool same = strcmp(text, node->text) == 0;
	if (node->plain && scalar_kind_of(text) == SCALAR_NULL) {
		text[0] = '\0'; /* null and ~ are what YAML calls nothing */
	}
	if (field_text_set(f->member, f->row, text, &err) == 0) {
		check_stored(f, node);
	} else if (same || f->row->kind == SCHEMA_SECRET) {
		refuse(f, node, "%s", err.text);
	} else { /* the message shows what the variable holds: say which one it is */
		refuse(f, node, "%s (from %.80s)", err.text, node->text);
	}
	wipe(text);
}

/* ---- lists ----------------------------------------------------------------------- */

/* Calls `take` for the value itself, or for each of a list. */
static void each_item(const struct field *f, const struct yaml_node *node,
		void (*take)(const struct field *f, const struct yaml_node *item))
{
	if (node->kind == YAML_MAP) {
		refuse(f, node, "must be a list or a single value, not a mapping");
		return;
	}
	if (node->kind == YAML_SCALAR) {
		take(f, node);
		return;
	}
	if (node->n == 0) {
		refuse(f, node, "the list is empty");
	}
	for (size_t i = 0; i < node->n; i++) {
		if (!node->items[i]->refused) {
			take(f, node->items[i]);
		}
	}
}

/* Without a scheme it is the section that says whether TLS is spoken. */
static int read_endpoint(
		const struct field *f, struct endpoint *e, const char *text, struct err *err)
{
	enum endpoint_scheme scheme;
	if (text[0] == '\0') {
		return err_set(err, ERR_MISSING, "an endpoint is empty");
	}
	if (endpoint_parse_url(e, &scheme, text, ETCD_PORT, err) < 0) {
		return -1;
	}
	if (scheme == ENDPOINT_HTTP && f->tls) {
		return err_set(err, ERR_RANGE, "'%.80s' says http:// but etcd.tls is set", text);
	}
	e->tls = scheme == ENDPOINT_HTTPS || f->tls;
	return 0;
}

static bool has_endpoint(const struct endpoints *list, const struct endpoint *e)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->at[i].port == e->port && strcmp(list->at[i].host, e->host) == 0) {
			return true;
		}
	}
	return false;
}

static void add_endpoint(const struct field *f, const struct yaml_node *node, char *text)
{
	struct endpoints *list = f->member;
	struct endpoint e = { 0 };
	struct err err;
	if (read_endpoint(f, &e, text, &err) < 0) {
		refuse(f, node, "%s", err.text);
		return;
	}
	if (list->n > 0 && list->at[0].tls != e.tls) {
		refuse(f, node, "'%.80s' %s, but %.80s before it %s: all of them or none", text,
				e.tls ? "says https://" : "does not say https://", list->at[0].host,
				e.tls ? "does not" : "does");
		return;
	}
	if (has_endpoint(list, &e)) {
		warn(f, node, "%s is listed twice", text);
		return;
	}
	if (list->n == ENDPOINTS_MAX) {
		refuse(f, node, "there are more than %d endpoints", ENDPOINTS_MAX);
		return;
	}
	struct endpoint *grown = realloc(list->at, (list->n + 1) * sizeof(*list->at));
	if (grown == NULL) {
		refuse(f, node, "out of memory");
		return;
	}
	list->at = grown;
	list->at[list->n++] = e;
}

static char *trim(char *text)
{
	text += strspn(text, " \t");
	size_t len = strlen(text);
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t')) {
		text[--len] = '\0';
	}
	return text;
}

/* One text may name several, with commas between them, as $ETCD_HOSTS does. */
static void add_endpoints(const struct field *f, const struct yaml_node *node)
{
	char *text = text_of(f, node, f->row->path);
	if (text == NULL) {
		return;
	}
	for (char *rest = text, *piece; (piece = strsep(&rest, ",")) != NULL;) {
		add_endpoint(f, node, trim(piece));
	}
	free(text);
}

static void set_only_list(const struct field *f, const struct yaml_node *node)
{
	size_t n_errors = f->from->problems->n_errors;
	each_item(f, node, set_text);
	if (node->n > 1 && f->from->problems->n_errors == n_errors) {
		refuse(f, node, "is listed twice");
	}
}

/* ---- mappings -------------------------------------------------------------------- */

static void add_scalar(const struct field *f, const struct yaml_node *node)
{
	char path[YAML_PATH_MAX];
	yaml_path(node, path, sizeof(path));
	char *text = text_of(f, node, path);
	if (text == NULL) {
		return;
	}
	struct err err = { 0 };
	bool header = f->row->kind == SCHEMA_HEADERS;
	bool typed = node->plain && !header;
	enum scalar_kind kind = typed ? scalar_kind_of(text) : SCALAR_TEXT;
	if ((header ? scalar_check_header : scalar_check_member)(node->key, text, &err) < 0) {
		field_refuse(f->from, node, path, "%s", err.text);
	} else if (scalars_add(f->member, kind, node->key, text) < 0) {
		field_refuse(f->from, node, path, "out of memory");
	}
	free(text);
}

static void set_scalars(const struct field *f, const struct yaml_node *node)
{
	if (yaml_is_nothing(node)) {
		return; /* all of it is commented out */
	}
	if (node->kind != YAML_MAP) {
		refuse(f, node, "must be a mapping, not %s", yaml_kind_name(node->kind));
		return;
	}
	if (node->n > SCALARS_MAX) {
		refuse(f, node, "has %zu members, %d are possible", node->n, SCALARS_MAX);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		if (!node->items[i]->refused) {
			add_scalar(f, node->items[i]);
		}
	}
}

/* ---- all kinds ------------------------------------------------------------------- */

void field_set(struct descriptor *d, const struct schema_row *row, const struct yaml_node *node,
		const struct field_source *from)
{
	struct field f = {
		.row = row, .from = from, .member = (char *)d + row->at, .tls = d->etcd.tls.on
	};
	if (node->refused) {
		return;
	}
	switch (row->kind) {
	case SCHEMA_NAME:
	case SCHEMA_TOKEN:
	case SCHEMA_TEXT:
	case SCHEMA_HOST:
	case SCHEMA_PREFIX:
	case SCHEMA_COUNT:
	case SCHEMA_SPAN:
	case SCHEMA_SECONDS:
	case SCHEMA_WORD:
	case SCHEMA_ONLY:
	case SCHEMA_TARGET:
	case SCHEMA_PEER:
	case SCHEMA_FILE:
	case SCHEMA_SECRET:
	case SCHEMA_FLAG:
		set_text(&f, node);
		break;
	case SCHEMA_ONLY_LIST:
		set_only_list(&f, node);
		break;
	case SCHEMA_ENDPOINTS:
		each_item(&f, node, add_endpoints);
		break;
	case SCHEMA_SCALARS:
	case SCHEMA_HEADERS:
		set_scalars(&f, node);
		break;
	case SCHEMA_PART:
		*(bool *)f.member = true; /* its keys are rows of their own */
		break;
	}
}

void field_finish(struct descriptor *d, const struct schema_row *row)
{
	void *member = (char *)d + row->at;
	switch (row->kind) {
	case SCHEMA_NAME:
	case SCHEMA_TOKEN:
	case SCHEMA_TEXT:
	case SCHEMA_HOST:
	case SCHEMA_PREFIX:
	case SCHEMA_PEER:
	case SCHEMA_FILE:
	case SCHEMA_SECRET: {
		char **text = member;
		wipe(*text);
		*text = NULL;
		break;
	}
	case SCHEMA_ENDPOINTS: {
		struct endpoints *list = member;
		free(list->at);
		*list = (struct endpoints){ 0 };
		break;
	}
	case SCHEMA_SCALARS:
	case SCHEMA_HEADERS:
		scalars_finish(member);
		break;
	case SCHEMA_COUNT:
	case SCHEMA_SPAN:
	case SCHEMA_SECONDS:
	case SCHEMA_WORD:
	case SCHEMA_ONLY:
	case SCHEMA_ONLY_LIST:
	case SCHEMA_TARGET:
	case SCHEMA_FLAG:
	case SCHEMA_PART:
		break;
	}
}
