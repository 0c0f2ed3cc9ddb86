/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/mapping.h"

#include <stdio.h>
#include <string.h>

#include "agent/descriptor/items.h"
#include "agent/descriptor/problems.h"
#include "agent/descriptor/schema.h"
#include "agent/descriptor/yaml.h"

bool mapping_has_keys(const struct field_source *from, const struct yaml_node *node)
{
	if (node->refused || yaml_is_nothing(node)) {
		return false; /* reported already, or all of its keys are commented out */
	}
	if (node->kind != YAML_MAP) {
		field_refuse(from, node, NULL, "must be a mapping of keys, not %s",
				yaml_kind_name(node->kind));
		return false;
	}
	return true;
}

/* ---- keys ------------------------------------------------------------------------ */

static void refuse(const struct field_source *from, const struct yaml_node *node, const char *what)
{
	char path[YAML_PATH_MAX];
	yaml_path(node, path, sizeof(path));
	problems_add(from->problems, false, from->file, node->key_line, node->key_column, path,
			"%s", what);
}

void mapping_refuse_key(const struct field_source *from, const struct yaml_node *node)
{
	char pattern[YAML_PATH_MAX];
	yaml_pattern(node, pattern, sizeof(pattern));
	const char *meant = schema_suggest(pattern);
	if (meant == NULL) {
		refuse(from, node, "unknown key");
	} else {
		char what[YAML_PATH_MAX + 40];
		snprintf(what, sizeof(what), "unknown key (did you mean %s?)", meant);
		refuse(from, node, what);
	}
}

const struct schema_row *mapping_row(const struct field_source *from, const struct yaml_node *node)
{
	char pattern[YAML_PATH_MAX];
	yaml_pattern(node, pattern, sizeof(pattern));
	const struct schema_row *row = schema_find(pattern);
	if (row == NULL) {
		mapping_refuse_key(from, node);
	} else if (strchr(node->key, '.') != NULL) {
		refuse(from, node, "the dot stands for a mapping in a mapping, write it as one");
		return NULL;
	}
	return row;
}

void mapping_set_default(
		void *holder, const struct schema_row *row, const struct field_source *from)
{
	struct field_source defaults = *from;
	defaults.fallback = row->fallback;
	struct yaml_node *node = yaml_word(row->fallback);
	if (node == NULL) {
		node = yaml_parse(row->path, row->fallback, strlen(row->fallback), from->problems);
	}
	if (node != NULL) {
		field_set(holder, row, node, &defaults);
	}
	yaml_destroy(node);
}

/* ---- lists of mappings ----------------------------------------------------------- */

static void refuse_missing(const struct field_source *from, const struct yaml_node *item,
		const struct schema_row *row)
{
	char path[YAML_PATH_MAX], key[YAML_PATH_MAX + 40];
	yaml_path(item, path, sizeof(path));
	snprintf(key, sizeof(key), "%s.%s", path, schema_leaf(row->path));
	problems_add(from->problems, false, from->file, item->line, item->column, key,
			"is required");
}

static void complete_item(void *holder, const struct schema_row *list, const struct yaml_node *item,
		const struct field_source *from)
{
	size_t n;
	const struct schema_row *rows = schema_rows(&n);
	for (size_t i = 0; i < n; i++) {
		if (!schema_is_in(&rows[i], list) ||
				yaml_member(item, schema_leaf(rows[i].path)) != NULL) {
			continue;
		}
		if (rows[i].need == SCHEMA_REQUIRED) {
			refuse_missing(from, item, &rows[i]);
		} else {
			mapping_set_default(holder, &rows[i], from);
		}
	}
}

static void read_item(void *holder, const struct schema_row *list, const struct yaml_node *item,
		const struct field_source *from)
{
	size_t n = mapping_has_keys(from, item) ? item->n : 0;
	for (size_t i = 0; i < n; i++) {
		const struct schema_row *row = mapping_row(from, item->items[i]);
		if (row != NULL) {
			mapping_read(holder, row, item->items[i], from);
		}
	}
	if (!item->refused && (item->kind == YAML_MAP || yaml_is_nothing(item))) {
		complete_item(holder, list, item, from);
	}
}

static bool is_list(const struct schema_row *row, const struct yaml_node *node,
		const struct field_source *from)
{
	if (yaml_is_nothing(node) || (node->kind == YAML_LIST && node->n < row->min)) {
		field_refuse(from, node, NULL, "the list is empty");
	} else if (node->kind != YAML_LIST) {
		field_refuse(from, node, NULL,
				"must be a list of mappings, each behind a dash, not %s",
				yaml_kind_name(node->kind));
	} else if (node->n > row->max) {
		field_refuse(from, node, NULL, "has %zu items, %u are possible", node->n,
				(unsigned)row->max);
	} else {
		return true;
	}
	return false;
}

static void read_list(void *holder, const struct schema_row *row, struct yaml_node *node,
		const struct field_source *from)
{
	if (node->refused) {
		return;
	}
	node->refused = !is_list(row, node, from);
	if (node->refused) {
		return;
	}
	if (items_make(holder, row, node->n) < 0) {
		problems_lack(from->problems, "out of memory");
		node->refused = true;
		return;
	}
	struct items items = items_of(holder, row);
	for (size_t i = 0; i < node->n; i++) {
		read_item(items.at + i * items.size, row, node->items[i], from);
	}
}

void mapping_read(void *holder, const struct schema_row *row, struct yaml_node *node,
		const struct field_source *from)
{
	size_t n_errors = from->problems->n_errors;
	if (row->kind == SCHEMA_MAPPINGS) {
		read_list(holder, row, node, from);
	} else {
		field_set(holder, row, node, from);
		node->refused = node->refused || from->problems->n_errors != n_errors;
	}
}
