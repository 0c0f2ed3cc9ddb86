/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descriptor_print - a struct as the file that would give it.
 *
 * Whatever could be taken for something else is put in double quotes: a text
 * that looks like a number, a sign with a meaning in YAML. A ${ in a value is
 * written $${, since reading expands it.
 */
#include <inttypes.h>
#include <string.h>

#include "agent/descriptor/descriptor.h"
#include "agent/descriptor/items.h"
#include "agent/descriptor/scalar.h"
#include "agent/descriptor/schema_uses.h"
#include "agent/duration.h"
#include "agent/utf8.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

/* True when the text means itself without quotes, in every place where we print one. */
static bool is_plain(const char *text)
{
	size_t len = strlen(text);
	return len > 0 && strspn(text, LETTERS DIGITS "/") > 0 &&
	       strspn(text, LETTERS DIGITS "/._-:@%+=") == len && text[len - 1] != ':';
}

/* True for what libyaml reads as it stands inside double quotes. */
static bool is_bare(uint32_t code)
{
	return !utf8_steers(code) && code != 0xfeff && code != 0xfffe && code != 0xffff;
}

static void print_quoted(FILE *out, const char *text, bool expanded)
{
	size_t len = strlen(text);
	putc('"', out);
	for (size_t at = 0, n; at < len; at += n) {
		uint32_t code = 0;
		n = utf8_decode(text + at, len - at, &code);
		if (n == 0) {
			break; /* cannot be: texts were checked when they were read */
		}
		if (expanded && strncmp(text + at, "${", 2) == 0) {
			putc('$', out);
		}
		if (!is_bare(code)) {
			fprintf(out, "\\u%04" PRIX32, code);
		} else {
			fprintf(out, "%s%.*s", code == '"' || code == '\\' ? "\\" : "", (int)n,
					text + at);
		}
	}
	putc('"', out);
}

static void print_text(FILE *out, const char *text)
{
	if (is_plain(text) && scalar_kind_of(text) != SCALAR_NULL) {
		fputs(text, out);
	} else {
		print_quoted(out, text, true);
	}
}

static void print_span(FILE *out, uint32_t ms)
{
	char text[DURATION_TEXT_MAX];
	duration_format(text, sizeof(text), ms);
	fputs(text, out);
}

/* On a line of its own. */
static void print_name(FILE *out, const char *name)
{
	fputs("\n    ", out);
	if (is_plain(name)) {
		fputs(name, out);
	} else {
		print_quoted(out, name, false); /* keys are not expanded */
	}
	fputs(": ", out);
}

static void print_scalar(FILE *out, const struct scalar *s)
{
	print_name(out, s->name);
	if (s->kind != SCALAR_TEXT) {
		fputs(s->text, out);
	} else if (scalar_kind_of(s->text) != SCALAR_TEXT) {
		print_quoted(out, s->text, true);
	} else {
		print_text(out, s->text);
	}
}

static const char mask[] = "\"********\"";

/* Request metadata is where tokens are: the names are enough to see what is sent. */
static void print_masked(FILE *out, const struct scalars *s)
{
	for (size_t i = 0; i < s->n; i++) {
		print_name(out, s->at[i].name);
		fputs(mask, out);
	}
	if (s->n == 0) {
		fputs("{}", out);
	}
}

static void print_secret(FILE *out, const char *text, enum secrets secrets)
{
	if (secrets == SECRETS_MASKED && *text != '\0') {
		fputs(mask, out);
	} else {
		print_text(out, text);
	}
}

static void print_scalars(FILE *out, const struct scalars *s)
{
	if (s->n == 0) {
		fputs("{}", out);
	}
	for (size_t i = 0; i < s->n; i++) {
		print_scalar(out, &s->at[i]);
	}
}

static void print_endpoints(FILE *out, const struct endpoints *list)
{
	static const char scheme[] = "https://";
	char text[sizeof(scheme) + ENDPOINT_TEXT_MAX];
	for (size_t i = 0; i < list->n; i++) {
		size_t n = list->at[i].tls ? strlen(scheme) : 0;
		memcpy(text, scheme, n);
		endpoint_format(text + n, sizeof(text) - n, list->at[i].host, list->at[i].port);
		fputs("\n    - ", out);
		print_text(out, text);
	}
}

static void print_formats(FILE *out, const struct formats *list)
{
	for (size_t i = 0; i < list->n; i++) {
		fprintf(out, "%s%s", i == 0 ? "[" : ", ", format_name(list->at[i]));
	}
	putc(']', out);
}

static void print_target(FILE *out, const struct target *target)
{
	char text[TARGET_TEXT_MAX];
	target_format(text, sizeof(text), target);
	print_text(out, text);
}

static void print_statuses(FILE *out, const struct statuses *statuses)
{
	fprintf(out, "%" PRIu32, statuses->from);
	if (statuses->to != statuses->from) {
		fprintf(out, "-%" PRIu32, statuses->to);
	}
}

static void print_command(FILE *out, const struct words *words, int indent)
{
	if (words->n == 0) {
		fputs("[]", out);
	}
	for (size_t i = 0; i < words->n; i++) {
		fprintf(out, "\n%*s- ", indent + 2, "");
		print_text(out, words->at[i]);
	}
}

static void print_value(FILE *out, const struct schema_row *row, const void *member,
		enum secrets secrets, int indent)
{
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
		print_text(out, *(const char *const *)member);
		break;
	case SCHEMA_SECRET:
		print_secret(out, *(const char *const *)member, secrets);
		break;
	case SCHEMA_FLAG:
		fputs(*(const bool *)member ? "true" : "false", out);
		break;
	case SCHEMA_COUNT:
		fprintf(out, "%" PRIu32, *(const uint32_t *)member);
		break;
	case SCHEMA_SPAN:
	case SCHEMA_SECONDS:
		print_span(out, *(const uint32_t *)member);
		break;
	case SCHEMA_WORD:
		fputs(row->words[*(const unsigned *)member], out);
		break;
	case SCHEMA_FORMATS:
		print_formats(out, member);
		break;
	case SCHEMA_ENDPOINTS:
		print_endpoints(out, member);
		break;
	case SCHEMA_TARGET:
		print_target(out, member);
		break;
	case SCHEMA_STATUSES:
		print_statuses(out, member);
		break;
	case SCHEMA_HEADERS:
		(secrets == SECRETS_MASKED ? print_masked : print_scalars)(out, member);
		break;
	case SCHEMA_SCALARS:
		print_scalars(out, member);
		break;
	case SCHEMA_COMMAND:
		print_command(out, member, indent);
		break;
	case SCHEMA_MAPPINGS:
	case SCHEMA_PART:
		break; /* its keys follow */
	}
}

/* A block begins on the next line: no space behind the colon. */
static bool is_block(const struct schema_row *row, const void *member)
{
	bool scalars = row->kind == SCHEMA_SCALARS || row->kind == SCHEMA_HEADERS;
	bool command = row->kind == SCHEMA_COMMAND;
	return row->kind == SCHEMA_ENDPOINTS || row->kind == SCHEMA_PART ||
	       row->kind == SCHEMA_MAPPINGS ||
	       (scalars && ((const struct scalars *)member)->n > 0) ||
	       (command && ((const struct words *)member)->n > 0);
}

/* "key: value", from the indentation on, which the caller has printed. */
static void print_key(FILE *out, const struct schema_row *row, const void *member,
		enum secrets secrets, int indent)
{
	fprintf(out, "%s:%s", schema_leaf(row->path), is_block(row, member) ? "" : " ");
	print_value(out, row, member, secrets, indent);
	putc('\n', out);
}

/* ---- lists of mappings ----------------------------------------------------------- */

/* True for a key that an output of this type does not have. */
static bool is_unused(const void *holder, const struct schema_row *row)
{
	const struct output_settings *output = holder;
	return schema_is_in(row, schema_outputs()) &&
	       schema_use_of(row, output->type) == SCHEMA_UNUSED;
}

static void print_items(FILE *out, const void *holder, const struct schema_row *list,
		enum secrets secrets, int indent);

/* The keys of one item, the first of them behind a dash. */
static void print_item(FILE *out, const void *item, const struct schema_row *list,
		enum secrets secrets, int indent)
{
	const char *lead = "- ";
	size_t n;
	const struct schema_row *rows = schema_rows(&n);
	for (size_t i = 0; i < n; i++) {
		if (!schema_is_in(&rows[i], list) || is_unused(item, &rows[i])) {
			continue;
		}
		fprintf(out, "%*s%s", indent, "", lead);
		print_key(out, &rows[i], (const char *)item + rows[i].at, secrets, indent + 2);
		print_items(out, item, &rows[i], secrets, indent + 4);
		lead = "  ";
	}
}

/* What stands below the key of a list of mappings; nothing for any other key. */
static void print_items(FILE *out, const void *holder, const struct schema_row *list,
		enum secrets secrets, int indent)
{
	struct items items = { 0 };
	if (list->kind == SCHEMA_MAPPINGS) {
		items = items_of(holder, list);
	}
	for (size_t i = 0; i < items.n; i++) {
		print_item(out, items.at + i * items.size, list, secrets, indent);
	}
}

/* ---- all of it ------------------------------------------------------------------- */

/* True for a key that has no value. */
static bool is_empty(const struct schema_row *row, const void *member)
{
	return row->kind == SCHEMA_TARGET ? !target_is_set(member)
					  : **(const char *const *)member == '\0';
}

/* A part that is off takes its keys with it, a section of the other kind and a type do too. */
static bool is_left_out(const struct descriptor *d, const struct schema_row *row)
{
	const struct schema_row *part = row->kind == SCHEMA_PART ? row : schema_part_of(row);
	enum schema_side side = schema_side_of(row->path);
	if (side != SCHEMA_BOTH && d->discover.on != (side == SCHEMA_READS)) {
		return true;
	}
	if (schema_use_of(row, d->probe.type) == SCHEMA_UNUSED) {
		return true;
	}
	if (part != NULL) {
		return !*(const bool *)((const char *)d + part->at);
	}
	return row->need == SCHEMA_SILENT && is_empty(row, (const char *)d + row->at);
}

void descriptor_print(const struct descriptor *d, enum secrets secrets, FILE *out)
{
	size_t n;
	const struct schema_row *rows = schema_rows(&n);
	const char *section = "";
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(rows[i].path, ".") + 1;
		int indent = schema_part_of(&rows[i]) == NULL ? 2 : 4;
		if (!schema_is_in(&rows[i], NULL) || is_left_out(d, &rows[i])) {
			continue;
		}
		if (strncmp(section, rows[i].path, len) != 0) {
			fprintf(out, "%.*s:\n", (int)len - 1, rows[i].path);
		}
		section = rows[i].path;
		fprintf(out, "%*s", indent, "");
		print_key(out, &rows[i], (const char *)d + rows[i].at, secrets, indent);
		print_items(out, d, &rows[i], secrets, indent + 2);
	}
}
