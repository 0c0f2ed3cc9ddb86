/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_node - the tree by itself; how it is made is in yaml.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/yaml.h"

const char *yaml_kind_name(enum yaml_kind kind)
{
	switch (kind) {
	case YAML_SCALAR:
		return "a single value";
	case YAML_LIST:
		return "a list";
	case YAML_MAP:
		return "a mapping";
	}
	return "";
}

struct yaml_node *yaml_word(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789/";
	size_t n = strspn(text, letters);
	bool empty = strcmp(text, "\"\"") == 0;

	while (n > 0 && text[n] != '\0' && strchr("._-", text[n]) != NULL) {
		n++;
		n += strspn(text + n, letters);
	}
	if (!empty && (n == 0 || text[n] != '\0')) {
		return NULL;
	}
	struct yaml_node *node = calloc(1, sizeof(*node));
	if (node != NULL) {
		*node = (struct yaml_node){ .kind = YAML_SCALAR,
			.line = 1,
			.column = 1,
			.text = strdup(empty ? "" : text),
			.plain = !empty };
	}
	if (node != NULL && node->text == NULL) {
		free(node);
		node = NULL;
	}
	return node;
}

void yaml_destroy(struct yaml_node *node)
{
	if (node == NULL) {
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		yaml_destroy(node->items[i]);
	}
	free(node->items);
	free(node->key);
	if (node->text != NULL) {
		explicit_bzero(node->text, strlen(node->text)); /* it may be a password */
	}
	free(node->text);
	free(node);
}

static void write_path(const struct yaml_node *node, bool places, char *out, size_t size)
{
	size_t len = 0;
	out[0] = '\0';
	if (node->parent != NULL) {
		write_path(node->parent, places, out, size);
		len = strlen(out);
	}
	if (node->key != NULL) {
		snprintf(out + len, size - len, "%s%s", len == 0 ? "" : ".", node->key);
	} else if (node->parent != NULL && node->parent->kind == YAML_LIST && places) {
		snprintf(out + len, size - len, "[%zu]", node->index);
	} else if (node->parent != NULL && node->parent->kind == YAML_LIST) {
		snprintf(out + len, size - len, "[]");
	}
}

void yaml_path(const struct yaml_node *node, char *out, size_t size)
{
	write_path(node, true, out, size);
}

void yaml_pattern(const struct yaml_node *node, char *out, size_t size)
{
	write_path(node, false, out, size);
}

struct yaml_node *yaml_member(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map->kind == YAML_MAP && i < map->n; i++) {
		if (strcmp(map->items[i]->key, key) == 0) {
			return map->items[i];
		}
	}
	return NULL;
}

bool yaml_is_nothing(const struct yaml_node *node)
{
	return node->kind == YAML_SCALAR && node->plain &&
	       (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
			       strcmp(node->text, "null") == 0);
}
