/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml - a tree out of libyaml's events.
 *
 * There are two sorts of trouble. After a syntax error, or past a limit, there
 * is nothing sensible left to say: `stopped` is set and the tree is dropped.
 * What is YAML but not welcome (an alias, a tag, a duplicate key) is reported
 * and left out, and reading goes on, so that one run tells all.
 *
 * libyaml hands out its events by value; whoever got one deletes it.
 */
#include "agent/descriptor/yaml.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "agent/descriptor/problems.h"
#include "agent/utf8.h"
#include "agent/wiping.h"

#ifndef SVC_STATIC
/*
 * libyaml's own, by the names that it calls them by: what it has read of a
 * password is wiped in each buffer that it gives back.
 */
void yaml_free(void *block);
void *yaml_realloc(void *block, size_t size);

void yaml_free(void *block)
{
	wiping_free(block);
}

void *yaml_realloc(void *block, size_t size)
{
	return wiping_realloc(block, size > 0 ? size : 1);
}
#endif

struct reader {
	yaml_parser_t parser;
	const char *file, *text;
	size_t len;
	struct problems *problems;
	size_t n_nodes;
	unsigned depth;
	bool stopped;
};

/* ---- telling --------------------------------------------------------------------- */

/* Adds an error about `node` (NULL: about no key) and returns nothing to go on with. */
static void tell(struct reader *r, yaml_mark_t mark, const struct yaml_node *node, const char *what)
{
	char path[YAML_PATH_MAX] = "";
	if (node != NULL) {
		yaml_path(node, path, sizeof(path));
	}
	problems_add(r->problems, false, r->file, (unsigned)mark.line + 1,
			(unsigned)mark.column + 1, path[0] == '\0' ? NULL : path, "%s", what);
}

static struct yaml_node *stop(struct reader *r, yaml_mark_t mark, const char *what)
{
	tell(r, mark, NULL, what);
	r->stopped = true;
	return NULL;
}

static struct yaml_node *stop_no_memory(struct reader *r)
{
	problems_lack(r->problems, "out of memory");
	r->stopped = true;
	return NULL;
}

/* True when the line that `mark` is on has `what` in it. */
static bool line_has(const struct reader *r, yaml_mark_t mark, const char *what)
{
	const char *line = r->text, *end = r->text + r->len;
	for (size_t i = 0; i < mark.line; i++) {
		const char *feed = memchr(line, '\n', (size_t)(end - line));
		if (feed == NULL) {
			return false;
		}
		line = feed + 1;
	}
	const char *feed = memchr(line, '\n', (size_t)(end - line));
	size_t len = (size_t)((feed == NULL ? end : feed) - line);
	return memmem(line, len, what, strlen(what)) != NULL;
}

/* libyaml's own words, and a hint for the two slips that people make most. */
static void tell_syntax(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	if (p->error == YAML_MEMORY_ERROR || p->error == YAML_NO_ERROR) { /* it forgets to say so */
		stop_no_memory(r);
		return;
	}
	const char *hint = "";
	if (line_has(r, p->problem_mark, "${")) {
		hint = " (put quotes round a value with ${...})";
	} else if (line_has(r, p->problem_mark, "\t")) {
		hint = " (YAML is indented with spaces, not with tabs)";
	}
	char context[120] = "";
	if (p->context != NULL) {
		snprintf(context, sizeof(context), ", %s from line %zu on", p->context,
				p->context_mark.line + 1);
	}
	char what[300];
	snprintf(what, sizeof(what), "not YAML: %s%s%s",
			p->problem == NULL ? "cannot be read" : p->problem, context, hint);
	stop(r, p->problem_mark, what);
}

/* Fetches the next event. On failure the reader is stopped and there is no event. */
static bool next(struct reader *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->parser, event) == 0) {
		tell_syntax(r);
		return false;
	}
	return true;
}

/* ---- building -------------------------------------------------------------------- */

static struct yaml_node *make_node(struct reader *r, enum yaml_kind kind, yaml_mark_t mark,
		const struct yaml_node *parent)
{
	if (++r->n_nodes > YAML_NODES_MAX) {
		return stop(r, mark, "there are too many values for a descriptor");
	}
	struct yaml_node *node = calloc(1, sizeof(*node));
	if (node == NULL) {
		return stop_no_memory(r);
	}
	node->kind = kind;
	node->line = (unsigned)mark.line + 1;
	node->column = (unsigned)mark.column + 1;
	node->parent = parent;
	node->index = parent == NULL ? 0 : parent->n;
	return node;
}

/* Room for one item more: there is some until their number is a power of two. */
static bool make_room(struct yaml_node *node)
{
	if ((node->n & (node->n - 1)) != 0) {
		return true;
	}
	size_t room = node->n == 0 ? 1 : 2 * node->n;
	struct yaml_node **grown = realloc(node->items, room * sizeof(struct yaml_node *));
	if (grown != NULL) {
		node->items = grown;
	}
	return grown != NULL;
}

/* Takes `item` into `node`; destroys it and stops when there is no memory. */
static void append(struct reader *r, struct yaml_node *node, struct yaml_node *item)
{
	if (!make_room(node)) {
		yaml_destroy(item);
		stop_no_memory(r);
		return;
	}
	node->items[node->n++] = item;
}

static struct yaml_node *read_node(
		struct reader *r, yaml_event_t *event, const struct yaml_node *parent, char *key);

static void check_properties(struct reader *r, const struct yaml_node *node, yaml_mark_t mark,
		const yaml_char_t *anchor, const yaml_char_t *tag)
{
	if (anchor != NULL) {
		tell(r, mark, node, "anchors (&) are not supported, write the value itself");
	}
	if (tag != NULL) {
		tell(r, mark, node, "tags (!) are not supported, put quotes round what is text");
	}
}

static void read_scalar(struct reader *r, struct yaml_node *node, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;
	if (memchr(text, '\0', len) != NULL) {
		tell(r, event->start_mark, node, "holds a NUL character");
		node->refused = true;
	}
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = strndup(text, len);
	if (node->text == NULL) {
		stop_no_memory(r);
	}
}

static void read_list(struct reader *r, struct yaml_node *node)
{
	yaml_event_t event;
	while (!r->stopped && next(r, &event)) {
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return;
		}
		struct yaml_node *item = read_node(r, &event, node, NULL);
		if (item != NULL) {
			append(r, node, item);
		}
	}
}

/* Takes `member` into the mapping, unless its key is there already. */
static void add_member(struct reader *r, struct yaml_node *map, struct yaml_node *member)
{
	const struct yaml_node *first = yaml_member(map, member->key);
	if (first == NULL) {
		append(r, map, member);
		return;
	}
	char what[80];
	snprintf(what, sizeof(what), "duplicate key, it stands on line %u already",
			first->key_line);
	yaml_mark_t mark = { .line = member->key_line - 1, .column = member->key_column - 1 };
	tell(r, mark, member, what);
	yaml_destroy(member);
}

/*
 * Reads what the key that begins with `event` is, and deletes the event. NULL
 * when it cannot be a key, which is reported; the value still follows.
 */
static char *read_key(struct reader *r, yaml_event_t *event, const struct yaml_node *map)
{
	yaml_mark_t mark = event->start_mark;
	struct yaml_node *node = read_node(r, event, map, NULL);
	char *key = NULL;
	if (node != NULL && node->kind != YAML_SCALAR) {
		tell(r, mark, map, "a key must be a single word");
	} else if (node != NULL && !node->refused) {
		key = node->text;
		node->text = NULL;
	}
	yaml_destroy(node);
	return key;
}

static void read_map(struct reader *r, struct yaml_node *map)
{
	yaml_event_t event;
	while (!r->stopped && next(r, &event)) {
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return;
		}
		yaml_mark_t mark = event.start_mark;
		char *key = read_key(r, &event, map);
		if (r->stopped || !next(r, &event)) {
			free(key);
			return;
		}
		bool keyed = key != NULL;
		struct yaml_node *member = read_node(r, &event, map, key);
		if (member == NULL || !keyed) {
			yaml_destroy(member);
			continue;
		}
		member->key_line = (unsigned)mark.line + 1;
		member->key_column = (unsigned)mark.column + 1;
		add_member(r, map, member);
	}
}

static struct yaml_node *read_children(struct reader *r, struct yaml_node *node, yaml_mark_t mark)
{
	if (r->depth == YAML_DEPTH_MAX) {
		yaml_destroy(node);
		return stop(r, mark, "this is nested too deeply for a descriptor");
	}
	r->depth++;
	if (node->kind == YAML_LIST) {
		read_list(r, node);
	} else {
		read_map(r, node);
	}
	r->depth--;
	return node;
}

/* What an event begins. An alias becomes an empty scalar that is refused. */
static enum yaml_kind kind_of(const yaml_event_t *event)
{
	return event->type == YAML_SEQUENCE_START_EVENT  ? YAML_LIST
	       : event->type == YAML_MAPPING_START_EVENT ? YAML_MAP
							 : YAML_SCALAR;
}

static void read_event(struct reader *r, struct yaml_node *node, const yaml_event_t *event)
{
	yaml_mark_t mark = event->start_mark;
	if (event->type == YAML_SCALAR_EVENT) {
		check_properties(r, node, mark, event->data.scalar.anchor, event->data.scalar.tag);
		read_scalar(r, node, event);
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		check_properties(r, node, mark, event->data.sequence_start.anchor,
				event->data.sequence_start.tag);
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		check_properties(r, node, mark, event->data.mapping_start.anchor,
				event->data.mapping_start.tag);
	} else {
		tell(r, mark, node, "aliases (*) are not supported, put quotes round what is text");
		node->refused = true;
	}
}

/*
 * Reads the node that begins with `event`, which it deletes, and takes `key`.
 * NULL when the reader is stopped and there is nothing to return.
 */
static struct yaml_node *read_node(
		struct reader *r, yaml_event_t *event, const struct yaml_node *parent, char *key)
{
	yaml_mark_t mark = event->start_mark;
	struct yaml_node *node = make_node(r, kind_of(event), mark, parent);
	if (node == NULL) {
		free(key);
		yaml_event_delete(event);
		return NULL;
	}
	node->key = key;
	read_event(r, node, event);
	yaml_event_delete(event);
	return node->kind == YAML_SCALAR || r->stopped ? node : read_children(r, node, mark);
}

/* ---- the document ---------------------------------------------------------------- */

/* What libyaml would refuse without a place, or read as another encoding. */
static bool check_bytes(struct reader *r)
{
	yaml_mark_t mark = { 0 };
	if (r->len > YAML_SIZE_MAX) {
		return stop(r, mark, "is larger than 1 MiB, that is no descriptor") != NULL;
	}
	uint32_t code = 0;
	for (size_t at = 0, n; at < r->len; at += n) {
		n = utf8_decode(r->text + at, r->len - at, &code);
		if (n == 0) {
			return stop(r, mark, "not UTF-8") != NULL;
		}
		bool blank = code == '\t' || code == '\r' || code == '\n' || code == 0x85;
		if ((utf8_is_control(code) && !blank) || code == 0xfffe || code == 0xffff ||
				(code == 0xfeff && at > 0)) {
			return stop(r, mark, "a control character, which YAML does not allow") !=
			       NULL;
		}
		mark.column = code == '\n' ? 0 : mark.column + 1;
		mark.line += code == '\n';
	}
	return true;
}

/* Reads what follows the document: there must be nothing. */
static void read_end(struct reader *r)
{
	yaml_event_t event;
	while (!r->stopped && next(r, &event)) {
		yaml_event_type_t type = event.type;
		if (type == YAML_DOCUMENT_START_EVENT) {
			stop(r, event.start_mark,
					"a second document begins here, but one file describes one service");
		}
		yaml_event_delete(&event);
		if (type == YAML_STREAM_END_EVENT) {
			return;
		}
	}
}

static struct yaml_node *read_document(struct reader *r)
{
	struct yaml_node *root = NULL;
	yaml_event_t event;
	while (!r->stopped && root == NULL && next(r, &event)) {
		if (event.type == YAML_STREAM_START_EVENT) {
			yaml_event_delete(&event);
		} else if (event.type == YAML_DOCUMENT_START_EVENT) {
			if (event.data.document_start.tag_directives.start !=
					event.data.document_start.tag_directives.end) {
				tell(r, event.start_mark, NULL, "tags (%TAG) are not supported");
			}
			yaml_event_delete(&event);
		} else if (event.type == YAML_STREAM_END_EVENT) {
			stop(r, (yaml_mark_t){ 0 }, "there is nothing in this file");
			yaml_event_delete(&event);
		} else {
			root = read_node(r, &event, NULL, NULL);
		}
	}
	read_end(r);
	return root;
}

struct yaml_node *yaml_parse(
		const char *file, const char *text, size_t len, struct problems *problems)
{
	struct reader r = { .file = file, .text = text, .len = len, .problems = problems };
	if (!check_bytes(&r)) {
		return NULL;
	}
	if (yaml_parser_initialize(&r.parser) == 0) {
		return stop_no_memory(&r);
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	struct yaml_node *root = read_document(&r);
	if (r.stopped) {
		yaml_destroy(root);
		root = NULL;
	}
	yaml_parser_delete(&r.parser);
	return root;
}
