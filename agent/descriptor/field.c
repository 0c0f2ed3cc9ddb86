/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/field.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/descriptor/descriptor.h"
#include "agent/descriptor/field_list.h"
#include "agent/descriptor/field_text.h"
#include "agent/descriptor/field_value.h"
#include "agent/descriptor/items.h"
#include "agent/descriptor/problems.h"
#include "agent/descriptor/scalar.h"
#include "agent/descriptor/schema.h"
#include "agent/descriptor/words.h"
#include "agent/descriptor/yaml.h"

/* ---- what is warned of ----------------------------------------------------------- */

static void check_secret(const struct field *f, const struct yaml_node *node)
{
	const char *text = *(char *const *)f->member;
	if (*text != '\0' && !field_value_is_expanded(node->text)) {
		field_value_warn(f, node,
				"stands in the file for all to read: better a password_file, or "
				"${ETCD_PASSWORD}");
	}
}

/* Only a warning: it may be mounted later, and is opened again whenever it changes. */
static void check_file(const struct field *f, const struct yaml_node *node)
{
	const char *file = *(char *const *)f->member;
	struct stat info;
	if (*file == '\0') {
		return;
	}
	if (stat(file, &info) < 0 || faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) < 0) {
		field_value_warn(f, node, "%.200s cannot be read now: %s", file, strerror(errno));
	} else if (S_ISDIR(info.st_mode)) {
		field_value_warn(f, node, "%.200s is a folder", file);
	}
}

/* Only a warning, for the same reason. */
static void check_output(const struct field *f, const struct yaml_node *node)
{
	const char *file = *(char *const *)f->member, *slash = strrchr(file, '/');
	struct stat info;
	char folder[PATH_MAX] = ".";
	if (slash != NULL) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - file) + 1, file);
	}
	if (*file == '\0') {
		return;
	}
	if (stat(file, &info) == 0 && S_ISDIR(info.st_mode)) {
		field_value_warn(f, node, "%.200s is a folder", file);
	} else if (stat(folder, &info) < 0) {
		field_value_warn(
				f, node, "%.200s cannot be written now: %s", file, strerror(errno));
	}
}

static void check_stored(const struct field *f, const struct yaml_node *node)
{
	if (f->row->kind == SCHEMA_SECRET) {
		check_secret(f, node);
	} else if (f->row->kind == SCHEMA_FILE) {
		check_file(f, node);
	} else if (f->row->kind == SCHEMA_OUTPUT) {
		check_output(f, node);
	}
}

/* ---- texts ----------------------------------------------------------------------- */

static void set_text(const struct field *f, const struct yaml_node *node)
{
	struct err err;
	char *text = field_value_text(f, node, NULL);
	if (text == NULL) {
		return;
	}
	bool same = strcmp(text, node->text) == 0;
	if (node->plain && scalar_kind_of(text) == SCALAR_NULL) {
		text[0] = '\0'; /* null and ~ are what YAML calls nothing */
	}
	if (field_text_set(f->member, f->row, text, &err) == 0) {
		check_stored(f, node);
	} else if (err.code == ERR_SYSTEM) {
		problems_lack(f->from->problems, err.text);
	} else if (same || f->row->kind == SCHEMA_SECRET) {
		field_value_refuse(f, node, "%s", err.text);
	} else { /* the message shows what the variable holds: say which one it is */
		field_value_refuse(f, node, "%s (from %.80s)", err.text, node->text);
	}
	field_value_wipe(text);
}

/* ---- mappings -------------------------------------------------------------------- */

static void add_scalar(const struct field *f, const struct yaml_node *node)
{
	char path[YAML_PATH_MAX];
	yaml_path(node, path, sizeof(path));
	char *text = field_value_text(f, node, path);
	if (text == NULL) {
		return;
	}
	struct err err = { 0 };
	bool header = f->row->kind == SCHEMA_HEADERS;
	scalar_check *check = !header         ? scalar_check_member
			      : f->from->http ? scalar_check_header
					      : scalar_check_metadata;
	bool typed = node->plain && !header;
	enum scalar_kind kind = typed ? scalar_kind_of(text) : SCALAR_TEXT;
	if (check(node->key, text, &err) < 0) {
		field_refuse(f->from, node, path, "%s", err.text);
	} else if (scalars_add(f->member, kind, node->key, text) < 0) {
		problems_lack(f->from->problems, "out of memory");
	}
	free(text);
}

static void set_scalars(const struct field *f, const struct yaml_node *node)
{
	if (yaml_is_nothing(node)) {
		return; /* all of it is commented out */
	}
	if (node->kind != YAML_MAP) {
		field_value_refuse(
				f, node, "must be a mapping, not %s", yaml_kind_name(node->kind));
		return;
	}
	if (node->n > SCALARS_MAX) {
		field_value_refuse(
				f, node, "has %zu members, %d are possible", node->n, SCALARS_MAX);
		return;
	}
	for (size_t i = 0; i < node->n; i++) {
		if (!node->items[i]->refused) {
			add_scalar(f, node->items[i]);
		}
	}
}

/* ---- all kinds ------------------------------------------------------------------- */

void field_set(void *holder, const struct schema_row *row, const struct yaml_node *node,
		const struct field_source *from)
{
	struct field f = { .row = row, .from = from, .member = (char *)holder + row->at };
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
	case SCHEMA_TARGET:
	case SCHEMA_PATH:
	case SCHEMA_STATUSES:
	case SCHEMA_PEER:
	case SCHEMA_FILE:
	case SCHEMA_SECRET:
	case SCHEMA_OUTPUT:
	case SCHEMA_SOCKET:
	case SCHEMA_LABEL:
	case SCHEMA_FLAG:
		set_text(&f, node);
		break;
	case SCHEMA_FORMATS:
		field_list_each(&f, node, set_text);
		break;
	case SCHEMA_ENDPOINTS:
		field_list_endpoints(&f, node);
		break;
	case SCHEMA_COMMAND:
		field_list_command(&f, node);
		break;
	case SCHEMA_SCALARS:
	case SCHEMA_HEADERS:
		set_scalars(&f, node);
		break;
	case SCHEMA_MAPPINGS:
		break; /* mapping.c reads them, and calls this for their keys */
	case SCHEMA_PART:
		*(bool *)f.member = true; /* its keys are rows of their own */
		break;
	}
}

static void finish_items(void *holder, const struct schema_row *list)
{
	struct items items = items_of(holder, list);
	size_t n_rows;
	const struct schema_row *rows = schema_rows(&n_rows);
	for (size_t i = 0; i < items.n; i++) {
		for (size_t k = 0; k < n_rows; k++) {
			if (schema_is_in(&rows[k], list)) {
				field_finish(items.at + i * items.size, &rows[k]);
			}
		}
	}
	items_drop(holder, list);
}

void field_finish(void *holder, const struct schema_row *row)
{
	void *member = (char *)holder + row->at;
	switch (row->kind) {
	case SCHEMA_NAME:
	case SCHEMA_TOKEN:
	case SCHEMA_TEXT:
	case SCHEMA_HOST:
	case SCHEMA_PREFIX:
	case SCHEMA_PEER:
	case SCHEMA_FILE:
	case SCHEMA_OUTPUT:
	case SCHEMA_SOCKET:
	case SCHEMA_LABEL:
	case SCHEMA_PATH:
	case SCHEMA_SECRET: {
		char **text = member;
		field_value_wipe(*text);
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
	case SCHEMA_COMMAND:
		words_finish(member);
		break;
	case SCHEMA_MAPPINGS:
		finish_items(holder, row);
		break;
	case SCHEMA_COUNT:
	case SCHEMA_SPAN:
	case SCHEMA_SECONDS:
	case SCHEMA_WORD:
	case SCHEMA_FORMATS:
	case SCHEMA_TARGET:
	case SCHEMA_STATUSES:
	case SCHEMA_FLAG:
	case SCHEMA_PART:
		break;
	}
}
