/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/listing_text.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/endpoint.h"
#include "agent/json_write.h"
#include "agent/utf8.h"
#include "agent/util.h"

#define COLUMNS    6
#define COLUMN_MAX 40 /* a longer text pushes its own row only */

/* ---- for people ---------------------------------------------------------------------- */

/* One member of the metadata as name=value, behind what there is in `line`. */
static void add_member(char **line, const cJSON *member)
{
	char *value = cJSON_IsString(member) ? strdup(member->valuestring)
					     : cJSON_PrintUnformatted(member);
	char *longer = NULL;

	if (value != NULL && asprintf(&longer, "%s%s%s=%s", *line, **line == '\0' ? "" : " ",
					     member->string, value) >= 0) {
		free(*line);
		*line = longer;
	}
	free(value);
}

/* The metadata on one line, new; NULL without memory. */
static char *metadata_line(const struct instance *instance)
{
	cJSON *object = cJSON_Parse(instance->metadata);
	char *line = strdup("");

	if (line != NULL && object != NULL) {
		const cJSON *member;
		cJSON_ArrayForEach(member, object)
		{
			add_member(&line, member);
		}
		utf8_make_harmless(line);
	}
	cJSON_Delete(object);
	return line;
}

static char *address_of(const struct instance *instance)
{
	char address[ENDPOINT_TEXT_MAX];

	endpoint_format(address, sizeof address, instance->host, instance->port);
	return strdup(address);
}

static char *lease_of(const struct instance *instance)
{
	char text[24] = "-";

	if (instance->lease != 0) {
		(void)snprintf(text, sizeof text, "%" PRIx64, (uint64_t)instance->lease);
	}
	return strdup(text);
}

static char *ttl_text(int64_t ttl_s)
{
	char text[24] = "-";

	if (ttl_s > 0) {
		(void)snprintf(text, sizeof text, "%" PRId64 "s", ttl_s);
	} else if (ttl_s == LISTING_LEASE_GONE) {
		(void)snprintf(text, sizeof text, "gone");
	} else if (ttl_s == LISTING_UNKNOWN) {
		(void)snprintf(text, sizeof text, "?");
	}
	return strdup(text);
}

static char *since_text(const struct instance *instance)
{
	char text[40];

	(void)snprintf(text, sizeof text, "revision %" PRId64, instance->create_revision);
	return strdup(text);
}

static void free_cells(char *cells[COLUMNS + 1])
{
	for (size_t i = 0; i <= COLUMNS; i++) {
		free(cells[i]);
	}
}

/* The last cell is the metadata, whose width is nobody's business. */
static bool make_cells(char *cells[COLUMNS + 1], const struct listing_row *row)
{
	char *made[] = { strdup(row->service), address_of(row->instance),
		strdup(row->instance->protocol), lease_of(row->instance), ttl_text(row->ttl_s),
		since_text(row->instance), metadata_line(row->instance) };
	bool ok = true;

	static_assert(ARRAY_LEN(made) == COLUMNS + 1, "a cell for each column");
	for (size_t i = 0; i <= COLUMNS; i++) {
		cells[i] = made[i];
		ok = ok && made[i] != NULL;
	}
	if (ok) {
		utf8_make_harmless(cells[0]);
		utf8_make_harmless(cells[2]);
	}
	return ok;
}

static void widen(size_t widths[COLUMNS], char *const cells[COLUMNS + 1])
{
	for (size_t i = 0; i < COLUMNS; i++) {
		size_t len = strlen(cells[i]);
		widths[i] = len > widths[i] && len <= COLUMN_MAX ? len : widths[i];
	}
}

static void print_cells(const size_t widths[COLUMNS], char *const cells[COLUMNS + 1], FILE *out)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		bool last = i + 1 == COLUMNS && cells[COLUMNS][0] == '\0';
		(void)fprintf(out, "%-*s%s", last ? 0 : (int)widths[i], cells[i], last ? "" : "  ");
	}
	(void)fprintf(out, "%s\n", cells[COLUMNS]);
}

static int print_table(const struct listing_row *rows, size_t n, FILE *out)
{
	static char heading[][12] = { "SERVICE", "INSTANCE", "PROTOCOL", "LEASE", "LEFT", "SINCE",
		"METADATA" };
	char *headings[COLUMNS + 1];
	size_t widths[COLUMNS] = { 0 };
	char *(*table)[COLUMNS + 1] = calloc(n + 1, sizeof *table);
	bool ok = table != NULL;

	for (size_t i = 0; i <= COLUMNS; i++) {
		headings[i] = heading[i];
	}
	widen(widths, headings);
	for (size_t i = 0; ok && i < n; i++) {
		ok = make_cells(table[i], &rows[i]);
		if (ok) {
			widen(widths, table[i]);
		}
	}
	if (ok) {
		print_cells(widths, headings, out);
	}
	for (size_t i = 0; table != NULL && i < n; i++) {
		if (ok) {
			print_cells(widths, table[i], out);
		}
		free_cells(table[i]);
	}
	free(table);
	return ok ? 0 : -1;
}

/* ---- for programs -------------------------------------------------------------------- */

/* `item` with the instance in it, as one line. Takes it over. */
static int print_item(cJSON *item, FILE *out)
{
	char *line = json_line(item);

	if (line == NULL) {
		return -1;
	}
	(void)fputs(line, out);
	free(line);
	return 0;
}

/* A lease as etcdctl names it: a number of 64 bits is more than JSON's readers keep. */
static bool add_lease(cJSON *item, const struct listing_row *row)
{
	char *lease = lease_of(row->instance);
	bool has = row->instance->lease != 0;
	bool ok = lease != NULL &&
		  json_add(item, "lease", has ? cJSON_CreateString(lease) : cJSON_CreateNull()) &&
		  json_add(item, "seconds_left",
				  row->ttl_s > 0 ? json_whole(row->ttl_s) : cJSON_CreateNull());

	free(lease);
	return ok;
}

static int print_row(const struct listing_row *row, FILE *out)
{
	cJSON *item = cJSON_CreateObject();

	if (item != NULL && json_add(item, "service", cJSON_CreateString(row->service)) &&
			json_add(item, "instance", json_instance(row->instance)) &&
			add_lease(item, row) &&
			json_add(item, "create_revision",
					json_whole(row->instance->create_revision)) &&
			json_add(item, "mod_revision", json_whole(row->instance->mod_revision))) {
		return print_item(item, out);
	}
	cJSON_Delete(item);
	return -1;
}

int listing_print(enum listing_style style, const struct listing_row *rows, size_t n, FILE *out)
{
	if (style == LISTING_TABLE) {
		return print_table(rows, n, out);
	}
	for (size_t i = 0; i < n; i++) {
		if (print_row(&rows[i], out) < 0) {
			return -1;
		}
	}
	return 0;
}

/* ---- events -------------------------------------------------------------------------- */

static const char *event_name(enum listing_event event)
{
	static const char *const names[] = {
		[LISTING_NOW] = "now",
		[LISTING_ADDED] = "added",
		[LISTING_CHANGED] = "changed",
		[LISTING_REMOVED] = "removed",
		[LISTING_NONE] = "none",
	};

	return names[event];
}

static int print_event_json(const char *time, enum listing_event event, const char *service,
		const struct instance *instance, FILE *out)
{
	cJSON *item = cJSON_CreateObject();

	if (item != NULL && json_add(item, "time", cJSON_CreateString(time)) &&
			json_add(item, "event", cJSON_CreateString(event_name(event))) &&
			json_add(item, "service", cJSON_CreateString(service)) &&
			json_add(item, "instance",
					instance == NULL ? cJSON_CreateNull()
							 : json_instance(instance))) {
		return print_item(item, out);
	}
	cJSON_Delete(item);
	return -1;
}

int listing_print_event(enum listing_style style, const char *time, enum listing_event event,
		const char *service, const struct instance *instance, FILE *out)
{
	char *address, *metadata;

	if (style == LISTING_JSON) {
		return print_event_json(time, event, service, instance, out);
	}
	if (instance == NULL) {
		(void)fprintf(out, "%s %-7s %s\n", time, event_name(event), service);
		return 0;
	}
	address = address_of(instance);
	metadata = metadata_line(instance);
	bool ok = address != NULL && metadata != NULL;
	if (ok) {
		(void)fprintf(out, "%s %-7s %s %s%s%s\n", time, event_name(event), service, address,
				metadata[0] == '\0' ? "" : " ", metadata);
	}
	free(address);
	free(metadata);
	return ok ? 0 : -1;
}
