/* SPDX-License-Identifier: Apache-2.0 */
/*
 * discover - walks the list in the file and the structs that it became side by
 * side. A key that was refused, or that has no known type to be judged by, is
 * passed over: one slip is one problem.
 */
#include "agent/descriptor/discover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/descriptor.h"
#include "agent/descriptor/field.h"
#include "agent/descriptor/problems.h"
#include "agent/descriptor/schema_uses.h"
#include "agent/descriptor/yaml.h"

/* An output whose type is known. */
struct spot {
	struct output_settings *output;
	const struct yaml_node *node;
};

/* ---- places ---------------------------------------------------------------------- */

static bool is_set(const char *text)
{
	return text != NULL && *text != '\0';
}

bool discover_has_place(const struct output_settings *output)
{
	switch (output->type) {
	case OUTPUT_JSON:
	case OUTPUT_ENVOY:
	case OUTPUT_NGINX:
		return is_set(output->path);
	case OUTPUT_HAPROXY:
		return is_set(output->socket) && is_set(output->backend);
	case OUTPUT_EXEC:
		break;
	}
	return false;
}

/* The next part of a path that leads further, and its length. */
static const char *next_part(const char *path, size_t *len)
{
	path += strspn(path, "/");
	while (path[0] == '.' && (path[1] == '/' || path[1] == '\0')) {
		path++;
		path += strspn(path, "/");
	}
	*len = strcspn(path, "/");
	return path;
}

/* 0 for the same file, as far as the names alone tell. */
static int compare_paths(const char *a, const char *b)
{
	size_t n = 1, m = 1;
	if ((*a == '/') != (*b == '/')) {
		return *a == '/' ? -1 : 1;
	}
	while (n > 0 && m > 0) {
		a = next_part(a, &n);
		b = next_part(b, &m);
		int order = strncmp(a, b, n < m ? n : m);
		if (order != 0 || n != m) {
			return order != 0 ? order : n < m ? -1 : 1;
		}
		a += n;
		b += m;
	}
	return 0;
}

int discover_compare_places(const struct output_settings *a, const struct output_settings *b)
{
	bool backend = a->type == OUTPUT_HAPROXY;
	if (backend != (b->type == OUTPUT_HAPROXY)) {
		return backend ? 1 : -1;
	}
	if (!backend) {
		return compare_paths(a->path, b->path);
	}
	int order = compare_paths(a->socket, b->socket);
	return order != 0 ? order : strcmp(a->backend, b->backend);
}

void discover_name_place(const struct output_settings *output, char *out, size_t size)
{
	if (output->type == OUTPUT_HAPROXY) {
		snprintf(out, size, "the backend %s at %s", output->backend, output->socket);
	} else {
		snprintf(out, size, "the file %s", output->path);
	}
}

/* ---- one output ------------------------------------------------------------------ */

static void refuse_unused(const struct spot *spot, const struct schema_row *row,
		const struct yaml_node *member, const struct field_source *from)
{
	char path[YAML_PATH_MAX], types[80];
	yaml_path(member, path, sizeof(path));
	schema_list_types(row, types, sizeof(types));
	problems_add(from->problems, false, from->file, member->key_line, member->key_column, path,
			"is no key of an output of type %s, only of %s",
			schema_output_type()->words[spot->output->type], types);
}

static void refuse_missing(const struct spot *spot, const struct schema_row *row,
		const struct field_source *from)
{
	char path[YAML_PATH_MAX], key[YAML_PATH_MAX + 20];
	yaml_path(spot->node, path, sizeof(path));
	snprintf(key, sizeof(key), "%s.%s", path, schema_leaf(row->path));
	problems_add(from->problems, false, from->file, spot->node->line, spot->node->column, key,
			"is required for an output of type %s",
			schema_output_type()->words[spot->output->type]);
}

/* True when what was read of a key that is needed is nothing. */
static bool is_empty(const struct output_settings *output, const struct schema_row *row)
{
	const void *member = (const char *)output + row->at;
	if (row->kind == SCHEMA_COMMAND) {
		return ((const struct words *)member)->n == 0;
	}
	return row->kind != SCHEMA_WORD && !is_set(*(char *const *)member);
}

static void check_key(const struct spot *spot, const struct schema_row *row,
		const struct field_source *from)
{
	const struct yaml_node *member = yaml_member(spot->node, schema_leaf(row->path));
	switch (schema_use_of(row, spot->output->type)) {
	case SCHEMA_UNUSED:
		if (member != NULL) {
			refuse_unused(spot, row, member, from);
		}
		break;
	case SCHEMA_NEEDED:
		if (member == NULL) {
			refuse_missing(spot, row, from);
		} else if (!member->refused && is_empty(spot->output, row)) {
			field_refuse(from, member, NULL, "is empty");
		}
		break;
	case SCHEMA_POSSIBLE:
		break;
	}
}

static void check_keys(const struct spot *spot, const struct field_source *from)
{
	size_t n;
	const struct schema_row *rows = schema_rows(&n);
	const struct schema_row *outputs = schema_outputs();
	for (size_t i = 0; i < n; i++) {
		if (schema_is_in(&rows[i], outputs)) {
			check_key(spot, &rows[i], from);
		}
	}
}

/* Replaces an empty text by a name. One that is NULL was refused, and stays. */
static void name_after(char **text, const struct discover_service *service,
		const struct field_source *from)
{
	if (*text == NULL || **text != '\0' || service->name == NULL) {
		return;
	}
	free(*text);
	*text = strdup(service->name);
	if (*text == NULL) {
		problems_lack(from->problems, "out of memory");
	}
}

static void complete_output(const struct spot *spot, const struct discover_service *service,
		const struct field_source *from)
{
	switch (spot->output->type) {
	case OUTPUT_ENVOY:
		name_after(&spot->output->cluster, service, from);
		break;
	case OUTPUT_HAPROXY:
		name_after(&spot->output->backend, service, from);
		break;
	case OUTPUT_NGINX:
		name_after(&spot->output->upstream, service, from);
		break;
	case OUTPUT_JSON:
	case OUTPUT_EXEC:
		break;
	}
}

/* ---- all of them ----------------------------------------------------------------- */

/* Completes the outputs of one service; adds them to `spots`, and returns how many they are. */
static size_t complete_service(const struct discover_service *service, const struct yaml_node *node,
		const struct field_source *from, struct spot *spots)
{
	const struct yaml_node *outputs = yaml_member(node, "outputs");
	size_t n = 0;
	for (size_t i = 0; i < service->n_outputs; i++) {
		struct spot spot = { &service->outputs[i], outputs->items[i] };
		const struct yaml_node *type = yaml_member(spot.node, "type");
		if (type != NULL && !type->refused) {
			check_keys(&spot, from);
			complete_output(&spot, service, from);
			spots[n++] = spot;
		}
	}
	return n;
}

static void check_name(const struct descriptor *d, const struct yaml_node *services, size_t i,
		const struct field_source *from)
{
	const char *name = d->discover.services[i].name;
	for (size_t k = 0; name != NULL && k < i; k++) {
		const char *other = d->discover.services[k].name;
		if (other != NULL && strcmp(other, name) == 0) {
			field_refuse(from, yaml_member(services->items[i], "name"), NULL,
					"%.80s is discover.services[%zu] already", name, k);
			return;
		}
	}
}

static void check_place(const struct spot *spots, size_t i, const struct field_source *from)
{
	if (!discover_has_place(spots[i].output)) {
		return;
	}
	for (size_t k = 0; k < i; k++) {
		if (!discover_has_place(spots[k].output) ||
				discover_compare_places(spots[i].output, spots[k].output) != 0) {
			continue;
		}
		char place[160], other[YAML_PATH_MAX];
		bool backend = spots[i].output->type == OUTPUT_HAPROXY;
		discover_name_place(spots[i].output, place, sizeof(place));
		yaml_path(spots[k].node, other, sizeof(other));
		field_refuse(from, yaml_member(spots[i].node, backend ? "socket" : "path"), NULL,
				"%s is written by %s already", place, other);
		return;
	}
}

void discover_complete(struct descriptor *d, const struct yaml_node *services,
		const struct field_source *from)
{
	size_t n_services = d->discover.n_services, n_outputs = 0, n = 0;
	for (size_t i = 0; i < n_services; i++) {
		n_outputs += d->discover.services[i].n_outputs;
	}
	struct spot *spots = calloc(n_outputs + 1, sizeof(*spots));
	if (spots == NULL) {
		problems_lack(from->problems, "out of memory");
		return;
	}
	for (size_t i = 0; i < n_services; i++) {
		check_name(d, services, i, from);
		n += complete_service(
				&d->discover.services[i], services->items[i], from, spots + n);
	}
	for (size_t i = 0; i < n; i++) {
		check_place(spots, i, from);
	}
	free(spots);
}
