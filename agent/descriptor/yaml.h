/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_YAML_H
#define AGENT_DESCRIPTOR_YAML_H

/*
 * yaml - one document as a small tree whose every part knows its place.
 *
 * A deliberate part of YAML: mappings, lists and scalars. Anchors, aliases,
 * tags, keys that are not scalars, duplicate keys and a second document are
 * refused, since a descriptor that needs them hides what it says.
 */

#include <stdbool.h>
#include <stddef.h>

struct problems;

#define YAML_SIZE_MAX  1048576 /* bytes of a file */
#define YAML_DEPTH_MAX 8       /* mappings and lists inside each other */
#define YAML_NODES_MAX 32768

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	unsigned line, column;          /* where the value begins, from 1 */
	const struct yaml_node *parent; /* borrowed; NULL for the root */

	char *key; /* owned; its name in the mapping that holds it, else NULL */
	unsigned key_line, key_column;
	size_t index; /* its place in the list that holds it, from 0 */

	char *text;   /* owned; YAML_SCALAR only */
	bool plain;   /* YAML_SCALAR: written without quotes and not as a block */
	bool refused; /* stands for something that is reported already: say no more about it */

	struct yaml_node **items; /* owned; members of a YAML_LIST or YAML_MAP, in order */
	size_t n;
};

/* The length that yaml_path needs at most; a longer path is cut. */
#define YAML_PATH_MAX 256

/*
 * Reads a document. Returns NULL when there is no tree, with one error added;
 * otherwise the tree, which the caller destroys, perhaps with errors added
 * about what it had to leave out.
 */
struct yaml_node *yaml_parse(
		const char *file, const char *text, size_t len, struct problems *problems);

/*
 * The tree of a text that is one word of letters, digits and /._- (with neither of the last
 * three first, but for /), or an empty one in quotes: as yaml_parse() makes it, in a hundredth
 * of the time. NULL for any other text, and without memory.
 */
struct yaml_node *yaml_word(const char *text);

/* Accepts NULL. */
void yaml_destroy(struct yaml_node *node);

/* Writes the path that leads to the node, such as a.b[0].c; empty for the root. */
void yaml_path(const struct yaml_node *node, char *out, size_t size);

/* The same for any place in a list, such as a.b[].c. */
void yaml_pattern(const struct yaml_node *node, char *out, size_t size);

/* The member of a mapping that has this key; NULL when there is none, or no mapping. */
struct yaml_node *yaml_member(const struct yaml_node *map, const char *key);

/* True for what YAML calls null: a plain scalar that is empty, ~ or null. Not for a refused one. */
bool yaml_is_nothing(const struct yaml_node *node);

/* "a mapping", "a list" or "a single value". */
const char *yaml_kind_name(enum yaml_kind kind);

#endif
