/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/field_list.h"

#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/descriptor.h"
#include "agent/descriptor/problems.h"
#include "agent/descriptor/schema.h"
#include "agent/descriptor/words.h"
#include "agent/descriptor/yaml.h"
#include "agent/endpoint.h"
#include "agent/utf8.h"

#define ENDPOINTS_MAX 32
#define ETCD_PORT     2379
#define WORD_BYTES    4096

void field_list_each(const struct field *f, const struct yaml_node *node,
		void (*take)(const struct field *f, const struct yaml_node *item))
{
	if (node->kind == YAML_MAP) {
		field_value_refuse(f, node, "must be a list or a single value, not a mapping");
		return;
	}
	if (node->kind == YAML_SCALAR) {
		take(f, node);
		return;
	}
	if (node->n == 0) {
		field_value_refuse(f, node, "the list is empty");
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
	if (scheme == ENDPOINT_HTTP && f->from->tls) {
		return err_set(err, ERR_RANGE, "'%.80s' says http:// but etcd.tls is set", text);
	}
	e->tls = scheme == ENDPOINT_HTTPS || f->from->tls;
	return 0;
}

static bool has_endpoint(const struct endpoints *list, const struct endpoint *e)
{
	for (size_t i = 0; i < list->n; i++) {
		if (endpoint_same(&list->at[i], e)) {
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
		field_value_refuse(f, node, "%s", err.text);
		return;
	}
	if (list->n > 0 && list->at[0].tls != e.tls) {
		field_value_refuse(f, node,
				"'%.80s' %s, but %.80s before it %s: all of them or none", text,
				e.tls ? "says https://" : "does not say https://", list->at[0].host,
				e.tls ? "does not" : "does");
		return;
	}
	if (has_endpoint(list, &e)) {
		field_value_warn(f, node, "%s is listed twice", text);
		return;
	}
	if (list->n == ENDPOINTS_MAX) {
		field_value_refuse(f, node, "there are more than %d endpoints", ENDPOINTS_MAX);
		return;
	}
	struct endpoint *grown = realloc(list->at, (list->n + 1) * sizeof(*list->at));
	if (grown == NULL) {
		problems_lack(f->from->problems, "out of memory");
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
	char *text = field_value_text(f, node, f->row->path);
	if (text == NULL) {
		return;
	}
	for (char *rest = text, *piece; (piece = strsep(&rest, ",")) != NULL;) {
		add_endpoint(f, node, trim(piece));
	}
	free(text);
}

void field_list_endpoints(const struct field *f, const struct yaml_node *node)
{
	field_list_each(f, node, add_endpoints);
}

/* ---- commands -------------------------------------------------------------------- */

/* Says what is wrong with a word; NULL when it is fine. */
static const char *fault_of(const struct yaml_node *node, const char *word)
{
	if (utf8_has_control(word)) {
		return "holds a control character";
	}
	if (strlen(word) > WORD_BYTES) {
		return "is longer than 4096 characters";
	}
	if (*word == '\0' && node->index == 0) {
		return "is empty, and the first word is the program";
	}
	bool forgotten = *word == '\0' && node->plain && node->text[0] == '\0';
	return forgotten ? "is empty (write \"\" for a word without letters)" : NULL;
}

static void take_word(const struct field *f, const struct yaml_node *node)
{
	char *word = field_value_text(f, node, NULL);
	const char *fault = word == NULL ? NULL : fault_of(node, word);
	if (fault != NULL) {
		field_value_refuse(f, node, "%s", fault);
	} else if (word != NULL && words_add(f->member, word) < 0) {
		problems_lack(f->from->problems, "out of memory");
	}
	free(word);
}

void field_list_command(const struct field *f, const struct yaml_node *node)
{
	if (yaml_is_nothing(node)) {
		return; /* all of it is commented out */
	}
	if (node->kind != YAML_LIST) {
		field_value_refuse(f, node,
				"must be a list of words, such as [nginx, -s, reload], not %s",
				yaml_kind_name(node->kind));
		return;
	}
	if (node->n > f->row->max) {
		field_value_refuse(f, node, "has %zu words, %u are possible", node->n,
				(unsigned)f->row->max);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		if (!node->items[i]->refused) {
			take_word(f, node->items[i]);
		}
	}
}
