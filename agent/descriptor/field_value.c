/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/field_value.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/problems.h"
#include "agent/descriptor/schema.h"
#include "agent/descriptor/yaml.h"
#include "agent/utf8.h"

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

/* NULL, for the node's own path, where a row stands for the keys of many mappings. */
static const char *key_of(const struct field *f)
{
	bool one = schema_is_in(f->row, NULL) || f->from->fallback != NULL;
	return one ? f->row->path : NULL;
}

void field_value_refuse(const struct field *f, const struct yaml_node *node, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vtell(f->from, false, node, key_of(f), fmt, args);
	va_end(args);
}

void field_value_warn(const struct field *f, const struct yaml_node *node, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vtell(f->from, true, node, key_of(f), fmt, args);
	va_end(args);
}

void field_value_wipe(char *text)
{
	if (text != NULL) {
		explicit_bzero(text, strlen(text));
	}
	free(text);
}

bool field_value_is_expanded(const char *text)
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
		field_value_refuse(f, node, "%s", err->text);
	} else {
		field_value_refuse(f, node,
				"cannot be expanded (write $${ for a ${ that stands for itself)");
	}
}

char *field_value_text(const struct field *f, const struct yaml_node *node, const char *key)
{
	struct err err;
	char *text;
	key = key == NULL ? key_of(f) : key;
	bool secret = f->row->kind == SCHEMA_SECRET;
	if (node->kind != YAML_SCALAR) {
		field_refuse(f->from, node, key, "must be a single value, not %s",
				yaml_kind_name(node->kind));
		return NULL;
	}
	if (expand_text(node->text, f->from->lookup, &text, &err) < 0) {
		if (err.code == ERR_SYSTEM) {
			problems_lack(f->from->problems, err.text);
		} else if (secret) {
			refuse_secret(f, node, &err);
		} else {
			field_refuse(f->from, node, key, "%s", err.text);
		}
		return NULL;
	}
	if (!utf8_valid(text, strlen(text))) { /* the file was: it is what a variable holds */
		field_refuse(f->from, node, key, "a variable in '%.80s' holds no valid UTF-8",
				secret ? "********" : node->text);
		field_value_wipe(text);
		return NULL;
	}
	return text;
}
