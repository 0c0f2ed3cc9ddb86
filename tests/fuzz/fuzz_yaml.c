/* SPDX-License-Identifier: Apache-2.0 */
/* A tree keeps its limits, knows the place of each of its parts, and is the same by either way. */
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/problems.h"
#include "agent/descriptor/yaml.h"
#include "agent/utf8.h"
#include "tests/fuzz/fuzz.h"

struct looking {
	size_t nodes;
	unsigned lines; /* of the input */
};

static void check_scalar(const struct yaml_node *node)
{
	HOLDS((node->text != NULL || node->refused) && node->n == 0 && node->items == NULL);
	HOLDS(node->text == NULL || utf8_valid(node->text, strlen(node->text)));
}

static void check_key(const struct yaml_node *node, const struct yaml_node *parent)
{
	HOLDS((node->key != NULL) == (parent->kind == YAML_MAP));
	HOLDS(node->key == NULL || yaml_member(parent, node->key) == node); /* none twice */
	HOLDS(node->key == NULL || utf8_valid(node->key, strlen(node->key)));
}

static void check(const struct yaml_node *node, const struct yaml_node *parent, unsigned depth,
		struct looking *l)
{
	char path[YAML_PATH_MAX], pattern[YAML_PATH_MAX];

	HOLDS(++l->nodes <= YAML_NODES_MAX);
	HOLDS(node->parent == parent);
	HOLDS(node->line >= 1 && node->line <= l->lines && node->column >= 1);
	yaml_path(node, path, sizeof path);
	yaml_pattern(node, pattern, sizeof pattern);
	HOLDS((path[0] == '\0') == (pattern[0] == '\0') && strlen(pattern) <= strlen(path));
	if (parent != NULL) {
		check_key(node, parent);
	}
	if (node->kind == YAML_SCALAR) {
		check_scalar(node);
		return;
	}
	HOLDS(depth < YAML_DEPTH_MAX && node->text == NULL);
	for (size_t i = 0; i < node->n; i++) {
		check(node->items[i], node, depth + 1, l);
	}
}

/* The quick way to the tree of a word. */
static void check_word(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct yaml_node *word = yaml_word(text);
	struct problems problems = { 0 };

	if (word != NULL) {
		struct yaml_node *tree = yaml_parse("f", text, strlen(text), &problems);
		HOLDS(tree != NULL && problems.n == 0);
		HOLDS(tree->kind == YAML_SCALAR && word->kind == YAML_SCALAR);
		HOLDS(strcmp(tree->text, word->text) == 0 && tree->plain == word->plain);
		HOLDS(tree->line == word->line && tree->column == word->column);
		HOLDS(yaml_is_nothing(tree) == yaml_is_nothing(word));
		yaml_destroy(tree);
	}
	yaml_destroy(word);
	problems_finish(&problems);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems = { 0 };
	struct looking l = { 0, 2 };
	struct yaml_node *tree = yaml_parse("f", (const char *)data, size, &problems);

	for (size_t i = 0; i < size; i++) { /* YAML has more line ends than one */
		l.lines += data[i] == '\n' || data[i] == '\r' || data[i] >= 0x80;
	}
	if (tree == NULL) {
		HOLDS(problems.n_errors > 0);
	} else {
		check(tree, NULL, 0, &l);
	}
	for (size_t i = 0; i < problems.n; i++) {
		HOLDS(!problems.at[i].warning && problems.at[i].line >= 1);
		HOLDS(problems.at[i].line <= l.lines && problems.at[i].column >= 1);
	}
	yaml_destroy(tree);
	problems_finish(&problems);
	check_word(data, size);
	return 0;
}
