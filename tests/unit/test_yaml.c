/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/problems.h"
#include "agent/descriptor/schema.h"
#include "agent/descriptor/yaml.h"
#include "agent/utf8.h"
#include "agent/util.h"
#include "tests/unit/watched_free.h"

static struct yaml_node *parse(const char *text, struct problems *problems)
{
	return yaml_parse("f", text, strlen(text), problems);
}

/* The tree of a text that must have nothing wrong with it. */
static struct yaml_node *tree_of(const char *text)
{
	struct problems problems = { 0 };
	struct yaml_node *root = parse(text, &problems);
	assert_int_equal(problems.n, 0);
	assert_non_null(root);
	problems_finish(&problems);
	return root;
}

static void knows_places_and_paths(void **state)
{
	UNUSED(state);
	struct yaml_node *root = tree_of("# a comment\n"
					 "a:\n"
					 "  b: 1\n"
					 "  c:\n"
					 "    - x\n"
					 "    - {d: \"y\"}\n");
	assert_int_equal(root->kind, YAML_MAP);
	assert_int_equal(root->n, 1);
	const struct yaml_node *a = root->items[0];
	assert_string_equal(a->key, "a");
	assert_int_equal(a->key_line, 2);
	assert_int_equal(a->key_column, 1);
	assert_int_equal(a->n, 2);

	const struct yaml_node *b = a->items[0];
	assert_int_equal(b->kind, YAML_SCALAR);
	assert_string_equal(b->text, "1");
	assert_int_equal(b->line, 3);
	assert_int_equal(b->column, 6);
	assert_int_equal(b->key_column, 3);

	const struct yaml_node *c = a->items[1];
	assert_int_equal(c->kind, YAML_LIST);
	assert_int_equal(c->n, 2);
	assert_int_equal(c->items[0]->line, 5);
	assert_int_equal(c->items[0]->column, 7);
	assert_null(c->items[0]->key);

	char path[YAML_PATH_MAX];
	yaml_path(c->items[1]->items[0], path, sizeof(path));
	assert_string_equal(path, "a.c[1].d");
	yaml_path(c->items[0], path, sizeof(path));
	assert_string_equal(path, "a.c[0]");
	yaml_pattern(c->items[1]->items[0], path, sizeof(path));
	assert_string_equal(path, "a.c[].d");
	assert_ptr_equal(yaml_member(c->items[1], "d"), c->items[1]->items[0]);
	assert_null(yaml_member(c->items[1], "c"));
	assert_null(yaml_member(c, "d"));
	yaml_path(root, path, sizeof(path));
	assert_string_equal(path, "");
	char tiny[4];
	yaml_path(c->items[1]->items[0], tiny, sizeof(tiny));
	assert_string_equal(tiny, "a.c");
	yaml_destroy(root);
	yaml_destroy(NULL);
}

static void tells_plain_from_quoted(void **state)
{
	static const struct {
		const char *text, *value;
		bool plain;
	} rows[] = {
		{ "a: 7", "7", true },
		{ "a: \"7\"", "7", false },
		{ "a: '7'", "7", false },
		{ "a: |\n  7\n", "7\n", false },
		{ "a: >-\n  7\n", "7", false },
		{ "a:", "", true },
		{ "a: ''", "", false },
		{ "a: ${X:-b:1}", "${X:-b:1}", true },
		{ "\xef\xbb\xbf"
		  "a: 7",
				"7", true },
		{ "%YAML 1.1\n---\na: 7\n...\n", "7", true },
		{ "a: 7\r\n", "7", true },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct yaml_node *root = tree_of(rows[i].text);
		assert_int_equal(root->n, 1);
		assert_string_equal(root->items[0]->text, rows[i].value);
		assert_int_equal(root->items[0]->plain, rows[i].plain);
		yaml_destroy(root);
	}
}

/* Nothing comes back: what is left could not be trusted. */
static void stops(void **state)
{
	static const struct {
		const char *text, *problem;
	} rows[] = {
		{ "", "f:1:1: there is nothing in this file" },
		{ "# only a comment\n", "f:1:1: there is nothing in this file" },
		{ "a: [1", "f:2:1: not YAML: did not find expected ',' or ']', while parsing a flow "
			   "sequence from line 1 on" },
		{ "a: b: c", "f:1:5: not YAML: mapping values are not allowed in this context" },
		{ "a: 1\n---\nb: 1\n",
				"f:2:1: a second document begins here, but one file describes one "
				"service" },
		{ "a: 1\nb: \xff\n", "f:2:4: not UTF-8" },
		{ "a: \xc0\xaf", "f:1:4: not UTF-8" },
		{ "a: \xed\xa0\x80", "f:1:4: not UTF-8" },
		{ "\xff\xfe"
		  "a",
				"f:1:1: not UTF-8" },
		{ "\xc3\xa4\xc3\xa4\x01", "f:1:3: a control character, which YAML does not allow" },
		{ "a: [[[[[[[[1]]]]]]]]", "f:1:11: this is nested too deeply for a descriptor" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct problems problems = { 0 };
		assert_null(parse(rows[i].text, &problems));
		assert_int_equal(problems.n, 1);
		assert_string_equal(problems.at[0].text, rows[i].problem);
		problems_finish(&problems);
	}
}

/* The tree comes back without the offending part, and all of them are told. */
static void goes_on_after_what_it_refuses(void **state)
{
	static const char text[] = "a: &x 1\n"
				   "b: *x\n"
				   "c: !!str 2\n"
				   "d: 3\n"
				   "d: 4\n"
				   "[e, f]: 5\n"
				   "*x : 6\n"
				   "g: {h: 1, h: 2}\n"
				   "i: !t [1]\n"
				   "j: &y {k: 1}\n"
				   "l: \"\\0\"\n";
	static const char *const expected[] = {
		"f:1:4: a: anchors (&) are not supported, write the value itself",
		"f:2:4: b: aliases (*) are not supported, put quotes round what is text",
		"f:3:4: c: tags (!) are not supported, put quotes round what is text",
		"f:5:1: d: duplicate key, it stands on line 4 already",
		"f:6:1: a key must be a single word",
		"f:7:1: aliases (*) are not supported, put quotes round what is text",
		"f:8:11: g.h: duplicate key, it stands on line 8 already",
		"f:9:4: i: tags (!) are not supported, put quotes round what is text",
		"f:10:4: j: anchors (&) are not supported, write the value itself",
		"f:11:4: l: holds a NUL character",
	};
	static const char *const keys[] = { "a", "b", "c", "d", "g", "i", "j", "l" };
	struct problems problems = { 0 };
	UNUSED(state);
	struct yaml_node *root = parse(text, &problems);
	assert_non_null(root);
	assert_int_equal(problems.n, ARRAY_LEN(expected));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		assert_string_equal(problems.at[i].text, expected[i]);
	}
	assert_int_equal(root->n, ARRAY_LEN(keys));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		assert_string_equal(root->items[i]->key, keys[i]);
		bool refused = strcmp(keys[i], "b") == 0 || strcmp(keys[i], "l") == 0;
		assert_int_equal(root->items[i]->refused, refused);
	}
	assert_string_equal(root->items[3]->text, "3");
	yaml_destroy(root);
	problems_finish(&problems);
}

static void takes_the_deepest_and_no_deeper(void **state)
{
	UNUSED(state);
	struct yaml_node *root = tree_of("a: [[[[[[[1]]]]]]]");
	unsigned depth = 1;
	const struct yaml_node *at = root->items[0];
	for (; at->kind == YAML_LIST; at = at->items[0]) {
		depth++;
	}
	assert_int_equal(depth, YAML_DEPTH_MAX);
	assert_string_equal(at->text, "1");
	yaml_destroy(root);
}

static void limits_the_size(void **state)
{
	UNUSED(state);
	size_t len = YAML_SIZE_MAX + 1;
	char *text = malloc(len);
	assert_non_null(text);
	memset(text, '#', len);
	struct problems problems = { 0 };
	assert_null(yaml_parse("f", text, len, &problems));
	assert_string_equal(
			problems.at[0].text, "f:1:1: is larger than 1 MiB, that is no descriptor");
	assert_null(yaml_parse("f", text, len - 1, &problems));
	assert_string_equal(problems.at[1].text, "f:1:1: there is nothing in this file");
	problems_finish(&problems);
	free(text);
}

/* "[1,1,1]" with n values in it. The caller frees it. */
static char *list_of(size_t n)
{
	char *text = malloc(2 * n + 2);
	assert_non_null(text);
	text[0] = '[';
	for (size_t i = 0; i < n; i++) {
		text[1 + 2 * i] = '1';
		text[2 + 2 * i] = ',';
	}
	text[2 * n] = ']';
	text[2 * n + 1] = '\0';
	return text;
}

/* The list itself is one of the values. */
static void limits_the_number_of_values(void **state)
{
	UNUSED(state);
	char *text = list_of(YAML_NODES_MAX);
	struct problems problems = { 0 };
	assert_null(parse(text, &problems));
	assert_int_equal(problems.n, 1);
	assert_string_equal(problems.at[0].text,
			"f:1:65536: there are too many values for a descriptor");
	problems_finish(&problems);
	free(text);

	text = list_of(YAML_NODES_MAX - 1);
	struct yaml_node *root = tree_of(text);
	assert_int_equal(root->n, YAML_NODES_MAX - 1);
	yaml_destroy(root);
	free(text);
}

static void decodes_utf8_strictly(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, taken;
		uint32_t code;
	} rows[] = {
		{ "a", 1, 1, 'a' },
		{ "\0", 1, 1, 0 },
		{ "\xc2\x80", 2, 2, 0x80 },
		{ "\xdf\xbf", 2, 2, 0x7ff },
		{ "\xe0\xa0\x80", 3, 3, 0x800 },
		{ "\xef\xbf\xbf", 3, 3, 0xffff },
		{ "\xf0\x90\x80\x80", 4, 4, 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff },
		{ "", 0, 0, 0 },
		{ "\x80", 1, 0, 0 },
		{ "\xc1\xbf", 2, 0, 0 },
		{ "\xe0\x9f\xbf", 3, 0, 0 },
		{ "\xf0\x8f\xbf\xbf", 4, 0, 0 },
		{ "\xed\xbf\xbf", 3, 0, 0 },
		{ "\xf4\x90\x80\x80", 4, 0, 0 },
		{ "\xf8\x88\x80\x80\x80", 5, 0, 0 },
		{ "\xe2\x82\xac", 2, 0, 0 },
		{ "\xe2\x28\xa1", 3, 0, 0 },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t code = 0;
		assert_int_equal(utf8_decode(rows[i].bytes, rows[i].len, &code), rows[i].taken);
		assert_int_equal(code, rows[i].code);
		assert_int_equal(utf8_valid(rows[i].bytes, rows[i].len),
				rows[i].taken == rows[i].len);
	}
}

static void assert_alike(const struct yaml_node *a, const struct yaml_node *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->line, b->line);
	assert_int_equal(a->column, b->column);
	assert_string_equal(a->text, b->text);
	assert_int_equal(a->plain, b->plain);
	assert_null(b->parent);
	assert_int_equal(b->refused, false);
}

/* Each default of the schema is read in this way when it can be. */
static void a_word_is_what_the_parser_makes_of_it(void **state)
{
	size_t n, words = 0;
	const struct schema_row *rows = schema_rows(&n);

	UNUSED(state);
	for (size_t i = 0; i < n; i++) {
		struct yaml_node *word =
				rows[i].fallback == NULL ? NULL : yaml_word(rows[i].fallback);
		if (word != NULL) {
			struct yaml_node *tree = tree_of(rows[i].fallback);
			assert_alike(tree, word);
			yaml_destroy(tree);
			words++;
		}
		yaml_destroy(word);
	}
	assert_true(words > n / 3);
}

static void what_is_more_than_a_word_is_left_to_the_parser(void **state)
{
	static const char *const others[] = { "", " a", "a b", "-", "-a", "...", "---", "_", "[]",
		"{}", "a:", "a: b", "'a'", "\"a\"", "a#", "a\n", "*a", "&a", "!a", "~", "${A}",
		"a\xff" };

	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		assert_null(yaml_word(others[i]));
	}
}

#define LONG_SECRET "correct horse battery staple, and again correct horse battery staple"

/* One of them may be a password. */
static void values_are_wiped_out(void **state)
{
	UNUSED(state);
	struct yaml_node *root = tree_of("a: {b: '" LONG_SECRET "'}\nc:\n  - " LONG_SECRET "\n");
	watched = LONG_SECRET;
	yaml_destroy(root);
	watched = NULL;
	assert_true(frees > 2);
	assert_int_equal(left_behind, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_places_and_paths),
		cmocka_unit_test(tells_plain_from_quoted),
		cmocka_unit_test(stops),
		cmocka_unit_test(goes_on_after_what_it_refuses),
		cmocka_unit_test(takes_the_deepest_and_no_deeper),
		cmocka_unit_test(limits_the_size),
		cmocka_unit_test(limits_the_number_of_values),
		cmocka_unit_test(decodes_utf8_strictly),
		cmocka_unit_test(a_word_is_what_the_parser_makes_of_it),
		cmocka_unit_test(what_is_more_than_a_word_is_left_to_the_parser),
		cmocka_unit_test(values_are_wiped_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
