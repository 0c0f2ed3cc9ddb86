/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/field_text.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/descriptor.h"
#include "agent/descriptor/schema.h"
#include "agent/duration.h"
#include "agent/endpoint.h"
#include "agent/interface.h"
#include "agent/suggest.h"
#include "agent/utf8.h"

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define DIGITS     "0123456789"

static_assert(sizeof(enum probe_type) == sizeof(unsigned), "set_word stores an unsigned");
static_assert(sizeof(enum probe_mode) == sizeof(unsigned), "set_word stores an unsigned");
static_assert(sizeof(enum unimplemented) == sizeof(unsigned), "set_word stores an unsigned");
static_assert(sizeof(enum format) == sizeof(unsigned), "set_word stores an unsigned");
static_assert(sizeof(enum output_type) == sizeof(unsigned), "set_word stores an unsigned");
static_assert(sizeof(enum on_empty) == sizeof(unsigned), "set_word stores an unsigned");
static_assert(sizeof(enum log_level) == sizeof(unsigned), "set_word stores an unsigned");
static_assert(sizeof(enum log_format) == sizeof(unsigned), "set_word stores an unsigned");

/* Stores a copy of text[0..len) in place of what *member holds. */
static int keep(void *member, const char *text, size_t len, struct err *err)
{
	char **kept = member;
	char *copy = strndup(text, len);
	if (copy == NULL) {
		return err_set(err, ERR_SYSTEM, "out of memory");
	}
	free(*kept);
	*kept = copy;
	return 0;
}

static int set_name(void *member, const char *text, struct err *err)
{
	if (strspn(text, NAME_CHARS) != strlen(text)) {
		return err_set(err, ERR_SYNTAX,
				"'%.80s' may only have letters, digits, and the signs . _ -", text);
	}
	return keep(member, text, strlen(text), err);
}

static int set_token(void *member, const char *text, struct err *err)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (*at <= ' ' || *at > '~') {
			return err_set(err, ERR_SYNTAX,
					"'%.80s' may only have printable ASCII without spaces",
					text);
		}
	}
	return keep(member, text, strlen(text), err);
}

static int set_text(void *member, const char *text, struct err *err)
{
	if (utf8_has_control(text)) {
		return err_set(err, ERR_SYNTAX, "holds a control character");
	}
	return keep(member, text, strlen(text), err);
}

/* What people write where a host belongs. */
static int refuse_host(const char *text, struct err *err)
{
	if (strstr(text, "://") != NULL) {
		return err_set(err, ERR_SYNTAX, "'%.80s' is a URL, give the host alone", text);
	}
	const char *colon = strchr(text, ':');
	if (colon != NULL && strspn(colon + 1, DIGITS) == strlen(colon + 1)) {
		return err_set(err, ERR_SYNTAX,
				"'%.80s' has a port in it, which goes to service.port", text);
	}
	return err_set(err, ERR_SYNTAX, "'%.80s' is not a host name, an address, or interface:NAME",
			text);
}

static int set_host(void *member, const char *text, struct err *err)
{
	static const char by_interface[] = "interface:";
	char host[ENDPOINT_HOST_MAX + 1];
	size_t len = strlen(text);
	if (strncmp(text, by_interface, strlen(by_interface)) == 0) {
		text += strlen(by_interface);
		return interface_address(text, host, sizeof(host), err) < 0
				       ? -1
				       : keep(member, host, strlen(host), err);
	}
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		snprintf(host, sizeof(host), "%.*s", (int)len - 2, text + 1);
		return endpoint_is_ipv6(host) ? keep(member, host, strlen(host), err)
					      : refuse_host(text, err);
	}
	return endpoint_host_valid(text) ? keep(member, text, len, err) : refuse_host(text, err);
}

static int set_peer(void *member, const char *text, struct err *err)
{
	if (*text != '\0' && !endpoint_host_valid(text)) {
		return err_set(err, ERR_SYNTAX, "'%.80s' is not a host name or an address", text);
	}
	return keep(member, text, strlen(text), err);
}

static int set_label(void *member, const char *text, struct err *err)
{
	if (strspn(text, NAME_CHARS ":") != strlen(text)) {
		return err_set(err, ERR_SYNTAX,
				"'%.80s' may only have letters, digits, and the signs . _ : -",
				text);
	}
	return keep(member, text, strlen(text), err);
}

/* What the last part of the path names is made by the agent, so it must name something. */
static int set_output(void *member, const char *text, struct err *err)
{
	size_t len = strlen(text);
	const char *slash = strrchr(text, '/'), *leaf = slash == NULL ? text : slash + 1;
	bool folder = strcmp(leaf, ".") == 0 || strcmp(leaf, "..") == 0 || *leaf == '\0';
	if (len > 0 && folder) {
		return err_set(err, ERR_SYNTAX, "'%.80s' is a folder, name a file in it", text);
	}
	return set_text(member, text, err);
}

static int set_socket(void *member, const char *text, struct err *err)
{
	if (text[0] != '/' && text[0] != '\0') {
		return err_set(err, ERR_SYNTAX, "'%.80s' is not the absolute path of a unix socket",
				text);
	}
	return set_output(member, text, err);
}

static int set_prefix(void *member, const char *text, struct err *err)
{
	size_t len = strlen(text);
	if (text[0] != '/') {
		return err_set(err, ERR_SYNTAX, "'%.80s' does not begin with / (try /%.80s)", text,
				text);
	}
	if (len == 1) {
		return err_set(err, ERR_RANGE, "'/' alone is no prefix (try /services)");
	}
	if (strstr(text, "//") != NULL) {
		return err_set(err, ERR_SYNTAX, "'%.80s' has an empty part between two /", text);
	}
	if (utf8_has_control(text)) {
		return err_set(err, ERR_SYNTAX, "holds a control character");
	}
	if (text[len - 1] == '/') { /* one at the end is a habit, not a mistake */
		len--;
	}
	return keep(member, text, len, err);
}

static int set_count(void *member, const struct schema_row *row, const char *text, struct err *err)
{
	size_t len = strlen(text);
	if (strspn(text, DIGITS) != len || (text[0] == '0' && len > 1)) {
		return err_set(err, ERR_SYNTAX, "'%.80s' is not a whole number from %u to %u", text,
				row->min, row->max);
	}
	uint64_t n = 0;
	for (size_t i = 0; i < len && n <= row->max; i++) {
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	if (n < row->min || n > row->max) {
		return err_set(err, ERR_RANGE, "%.40s is outside %u..%u", text, row->min, row->max);
	}
	*(uint32_t *)member = (uint32_t)n;
	return 0;
}

/* It goes out as it is. */
static int set_path(void *member, const char *text, struct err *err)
{
	if (strstr(text, "://") != NULL && text[0] != '/') {
		return err_set(err, ERR_SYNTAX, "'%.80s' is a URL, give the path alone", text);
	}
	if (text[0] != '/') {
		return err_set(err, ERR_SYNTAX, "'%.80s' does not begin with /", text);
	}
	if (strchr(text, '#') != NULL) {
		return err_set(err, ERR_SYNTAX, "'%.80s' has a #, which is never sent", text);
	}
	return set_token(member, text, err);
}

/* True for "204" and "200-399", which leaves both ends where they begin. */
static bool split_statuses(const char *text, char from[12], const char **to)
{
	size_t len = strspn(text, DIGITS);
	bool range = text[len] == '-';
	*to = range ? text + len + 1 : text;
	snprintf(from, 12, "%.*s", (int)len, text);
	return len > 0 && len < 12 && **to != '\0' && strspn(*to, DIGITS) == strlen(*to);
}

static int set_statuses(
		void *member, const struct schema_row *row, const char *text, struct err *err)
{
	struct statuses *statuses = member;
	struct statuses made = { 0 };
	char from[12];
	const char *to;
	if (!split_statuses(text, from, &to)) {
		return err_set(err, ERR_SYNTAX,
				"'%.80s' is neither a status, such as 204, nor a range, such as "
				"200-399",
				text);
	}
	if (set_count(&made.from, row, from, err) < 0 || set_count(&made.to, row, to, err) < 0) {
		return -1;
	}
	if (made.from > made.to) {
		return err_set(err, ERR_RANGE, "%.80s ends before it begins", text);
	}
	*statuses = made;
	return 0;
}

static int set_span(void *member, const struct schema_row *row, const char *text, struct err *err)
{
	uint32_t ms;
	if (duration_parse(text, &ms, err) < 0) {
		return -1;
	}
	if (ms < row->min || ms > row->max) {
		char min[DURATION_TEXT_MAX], max[DURATION_TEXT_MAX];
		duration_format(min, sizeof(min), row->min);
		duration_format(max, sizeof(max), row->max);
		return err_set(err, ERR_RANGE, "%.40s is outside %s..%s", text, min, max);
	}
	if (row->kind == SCHEMA_SECONDS && ms % 1000 != 0) {
		return err_set(err, ERR_RANGE, "%.40s is not a whole number of seconds", text);
	}
	*(uint32_t *)member = ms;
	return 0;
}

/* "'wach' is none of auto, watch, check (did you mean watch?)" */
static int refuse_word(const struct schema_row *row, const char *text, struct err *err)
{
	char all[80] = "", hint[80] = "";
	size_t nearest = SUGGEST_MAX;
	for (size_t i = 0; row->words[i] != NULL; i++) {
		size_t len = strlen(all), rank = suggest_rank(text, row->words[i]);
		snprintf(all + len, sizeof(all) - len, "%s%s", i == 0 ? "" : ", ", row->words[i]);
		if (rank > 0 && rank < nearest) {
			nearest = rank;
			snprintf(hint, sizeof(hint), " (did you mean %s?)", row->words[i]);
		}
	}
	return err_set(err, ERR_UNKNOWN, "'%.80s' is none of %s%s", text, all, hint);
}

static int set_word(void *member, const struct schema_row *row, const char *text, struct err *err)
{
	for (unsigned i = 0; row->words[i] != NULL; i++) {
		if (strcmp(row->words[i], text) == 0) {
			*(unsigned *)member = i;
			return 0;
		}
	}
	return refuse_word(row, text, err);
}

static int add_format(struct formats *list, const struct schema_row *row, const char *text,
		struct err *err)
{
	enum format made = FORMAT_SERVICES;
	if (set_word(&made, row, text, err) < 0) {
		return -1;
	}
	for (size_t i = 0; i < list->n; i++) {
		if (list->at[i] == made) {
			return err_set(err, ERR_RANGE, "%s is listed twice", text);
		}
	}
	list->at[list->n++] = made; /* there are no more words than places */
	return 0;
}

static int set_flag(void *member, const char *text, struct err *err)
{
	bool on = strcmp(text, "true") == 0;
	if (!on && strcmp(text, "false") != 0) {
		return err_set(err, ERR_SYNTAX, "'%.80s' is neither true nor false", text);
	}
	*(bool *)member = on;
	return 0;
}

static bool is_sized(const struct schema_row *row)
{
	return row->kind == SCHEMA_NAME || row->kind == SCHEMA_TOKEN || row->kind == SCHEMA_TEXT ||
	       row->kind == SCHEMA_HOST || row->kind == SCHEMA_PREFIX || row->kind == SCHEMA_PEER ||
	       row->kind == SCHEMA_FILE || row->kind == SCHEMA_SECRET ||
	       row->kind == SCHEMA_OUTPUT || row->kind == SCHEMA_SOCKET ||
	       row->kind == SCHEMA_LABEL || row->kind == SCHEMA_PATH;
}

/* Holds for every kind: only what may be empty is empty, and nothing is endless. */
static int check_size(const struct schema_row *row, const char *text, struct err *err)
{
	size_t len = strlen(text);
	bool sized = is_sized(row);
	if (len == 0 && row->need == SCHEMA_REQUIRED) {
		return err_set(err, ERR_MISSING, "is empty");
	}
	if (len == 0 && (!sized || row->min > 0)) {
		return err_set(err, ERR_MISSING,
				"is empty (leave the key out to get the default%s%s)",
				row->fallback == NULL ? "" : ", ",
				row->fallback == NULL ? "" : row->fallback);
	}
	if (sized && (len < row->min || len > row->max)) {
		return err_set(err, ERR_RANGE, "has %zu characters, must have %u to %u", len,
				row->min, row->max);
	}
	return 0;
}

int field_text_set(void *member, const struct schema_row *row, const char *text, struct err *err)
{
	if (check_size(row, text, err) < 0) {
		return -1;
	}
	switch (row->kind) {
	case SCHEMA_NAME:
		return set_name(member, text, err);
	case SCHEMA_TOKEN:
		return set_token(member, text, err);
	case SCHEMA_TEXT:
	case SCHEMA_FILE:
	case SCHEMA_SECRET:
		return set_text(member, text, err);
	case SCHEMA_OUTPUT:
		return set_output(member, text, err);
	case SCHEMA_SOCKET:
		return set_socket(member, text, err);
	case SCHEMA_LABEL:
		return set_label(member, text, err);
	case SCHEMA_PEER:
		return set_peer(member, text, err);
	case SCHEMA_FLAG:
		return set_flag(member, text, err);
	case SCHEMA_HOST:
		return set_host(member, text, err);
	case SCHEMA_PATH:
		return set_path(member, text, err);
	case SCHEMA_STATUSES:
		return set_statuses(member, row, text, err);
	case SCHEMA_PREFIX:
		return set_prefix(member, text, err);
	case SCHEMA_COUNT:
		return set_count(member, row, text, err);
	case SCHEMA_SPAN:
	case SCHEMA_SECONDS:
		return set_span(member, row, text, err);
	case SCHEMA_WORD:
		return set_word(member, row, text, err);
	case SCHEMA_FORMATS:
		return add_format(member, row, text, err);
	case SCHEMA_TARGET:
		return target_parse(member, text, err);
	case SCHEMA_ENDPOINTS:
	case SCHEMA_SCALARS:
	case SCHEMA_HEADERS:
	case SCHEMA_COMMAND:
	case SCHEMA_MAPPINGS:
	case SCHEMA_PART:
		break; /* not texts */
	}
	return err_set(err, ERR_SYNTAX, "is not a text");
}
