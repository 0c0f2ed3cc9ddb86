/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables - prints what the program knows about itself as one JSON document:
 * commands, options, exit statuses, keys of the descriptor, reasons, what doctor finds,
 * metrics.
 * The lints hold the manual, the completions and the JSON Schema against it.
 */
#include <assert.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/admin/metrics.h"
#include "agent/descriptor/scalar.h"
#include "agent/descriptor/schema_uses.h"
#include "agent/doctor/doctor_codes.h"
#include "agent/duration.h"
#include "agent/endpoint.h"
#include "agent/exit_code.h"
#include "agent/options.h"
#include "agent/util.h"
#include "probes/reason.h"

/* clang-format off */
static const char *const kinds[] = {
	[SCHEMA_NAME] = "name", [SCHEMA_TOKEN] = "token", [SCHEMA_TEXT] = "text", [SCHEMA_HOST] = "host",
	[SCHEMA_PEER] = "peer", [SCHEMA_PREFIX] = "prefix", [SCHEMA_FILE] = "file",
	[SCHEMA_OUTPUT] = "output", [SCHEMA_SOCKET] = "socket", [SCHEMA_LABEL] = "label",
	[SCHEMA_SECRET] = "secret", [SCHEMA_FLAG] = "flag", [SCHEMA_COUNT] = "count",
	[SCHEMA_SPAN] = "span", [SCHEMA_SECONDS] = "seconds", [SCHEMA_WORD] = "word",
	[SCHEMA_FORMATS] = "formats", [SCHEMA_ENDPOINTS] = "endpoints",
	[SCHEMA_TARGET] = "target", [SCHEMA_PATH] = "path", [SCHEMA_STATUSES] = "statuses",
	[SCHEMA_SCALARS] = "scalars", [SCHEMA_HEADERS] = "headers",
	[SCHEMA_COMMAND] = "command", [SCHEMA_MAPPINGS] = "mappings", [SCHEMA_PART] = "part",
};
static const char *const needs[] = {
	[SCHEMA_OPTIONAL] = "optional", [SCHEMA_REQUIRED] = "required", [SCHEMA_SILENT] = "silent",
};
static const char *const sides[] = {
	[SCHEMA_BOTH] = "both", [SCHEMA_REGISTERS] = "registers", [SCHEMA_READS] = "reads",
	[SCHEMA_IDLE] = "idle",
};
static const char *const uses[] = {
	[SCHEMA_UNUSED] = "unused", [SCHEMA_POSSIBLE] = "possible", [SCHEMA_NEEDED] = "needed",
};
static const char *const verdicts[] = {
	[VERDICT_PASS] = "pass", [VERDICT_HARD_FAIL] = "hard", [VERDICT_SOFT_FAIL] = "soft",
	[VERDICT_INCONCLUSIVE] = "inconclusive",
};
/* clang-format on */

static_assert(ARRAY_LEN(kinds) == SCHEMA_PART + 1, "every kind has a name");
static_assert(ARRAY_LEN(verdicts) == VERDICT_INCONCLUSIVE + 1, "every verdict has a name");

static void add_text(cJSON *object, const char *name, const char *text)
{
	(void)cJSON_AddItemToObject(
			object, name, text != NULL ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static cJSON *add_row(cJSON *array)
{
	cJSON *row = cJSON_CreateObject();
	(void)cJSON_AddItemToArray(array, row);
	return row;
}

static void add_commands(cJSON *all)
{
	size_t n;
	const struct command_row *rows = options_commands(&n);
	cJSON *array = cJSON_AddArrayToObject(all, "commands");

	for (size_t i = 0; i < n; i++) {
		if (rows[i].usage == NULL) {
			continue;
		}
		cJSON *row = add_row(array);
		add_text(row, "name", rows[i].name);
		add_text(row, "usage", rows[i].usage);
		add_text(row, "help", rows[i].help);
		(void)cJSON_AddBoolToObject(row, "services",
				(rows[i].takes & (TAKES_SERVICES | NEEDS_SERVICES)) != 0);
	}
}

/* The commands that an option is for; null is the one without a name. */
static void add_takers(cJSON *row, unsigned takers)
{
	size_t n;
	const struct command_row *commands = options_commands(&n);
	cJSON *array = cJSON_AddArrayToObject(row, "commands");

	for (size_t i = 0; i < n; i++) {
		if (commands[i].usage != NULL && (takers & 1u << i) != 0) {
			(void)cJSON_AddItemToArray(array,
					commands[i].name != NULL
							? cJSON_CreateString(commands[i].name)
							: cJSON_CreateNull());
		}
	}
}

static void add_options(cJSON *all)
{
	size_t n;
	const struct option_row *rows = options_rows(&n);
	cJSON *array = cJSON_AddArrayToObject(all, "options");

	for (size_t i = 0; i < n; i++) {
		const char letter[] = { (char)rows[i].letter, '\0' };
		cJSON *row = add_row(array);
		add_text(row, "name", rows[i].name);
		add_text(row, "argument", rows[i].argument);
		add_text(row, "letter", rows[i].letter < 256 ? letter : NULL);
		add_text(row, "help", rows[i].help);
		add_takers(row, rows[i].commands);
	}
}

static void add_exits(cJSON *all)
{
	size_t n;
	const struct exit_code_row *rows = exit_code_rows(&n);
	cJSON *array = cJSON_AddArrayToObject(all, "exits");

	for (size_t i = 0; i < n; i++) {
		cJSON *row = add_row(array);
		(void)cJSON_AddNumberToObject(row, "code", (double)rows[i].code);
		add_text(row, "help", rows[i].help);
	}
}

static void add_words(cJSON *row, const char *const *words)
{
	cJSON *array = words != NULL ? cJSON_AddArrayToObject(row, "words") : NULL;

	for (size_t i = 0; array != NULL && words[i] != NULL; i++) {
		(void)cJSON_AddItemToArray(array, cJSON_CreateString(words[i]));
	}
}

/* What the key is to each type of output, or of probe. */
static void add_uses(cJSON *row, const struct schema_row *key)
{
	bool output = schema_is_in(key, schema_outputs());
	const struct schema_row *type = output ? schema_output_type() : schema_probe_type();

	if (!output && strncmp(key->path, "probe.", 6) != 0) {
		return;
	}
	cJSON *object = cJSON_AddObjectToObject(row, "types");
	for (unsigned i = 0; type->words[i] != NULL; i++) {
		add_text(object, type->words[i], uses[schema_use_of(key, i)]);
	}
}

static void add_limit(cJSON *row, const struct schema_row *key, const char *name, uint32_t limit)
{
	char text[DURATION_TEXT_MAX];

	if (key->kind == SCHEMA_SPAN || key->kind == SCHEMA_SECONDS) {
		duration_format(text, sizeof text, limit);
		add_text(row, name, text);
	} else {
		(void)cJSON_AddNumberToObject(row, name, (double)limit);
	}
}

static void add_keys(cJSON *all)
{
	size_t n;
	const struct schema_row *rows = schema_rows(&n);
	cJSON *array = cJSON_AddArrayToObject(all, "keys");

	for (size_t i = 0; i < n; i++) {
		cJSON *row = add_row(array);
		add_text(row, "path", rows[i].path);
		add_text(row, "kind", kinds[rows[i].kind]);
		add_text(row, "need", needs[rows[i].need]);
		add_text(row, "side", sides[schema_side_of(rows[i].path)]);
		add_limit(row, &rows[i], "min", rows[i].min);
		add_limit(row, &rows[i], "max", rows[i].max);
		add_words(row, rows[i].words);
		add_text(row, "default", rows[i].fallback);
		add_text(row, "help", rows[i].help);
		add_uses(row, &rows[i]);
	}
}

static void add_reasons(cJSON *all)
{
	cJSON *array = cJSON_AddArrayToObject(all, "reasons");

	for (enum reason r = 0; r < N_REASONS; r++) {
		cJSON *row = add_row(array);
		add_text(row, "token", reason_token(r));
		add_text(row, "verdict", verdicts[reason_verdict(r)]);
		add_text(row, "sentence", reason_sentence(r));
	}
}

static void add_findings(cJSON *all)
{
	cJSON *array = cJSON_AddArrayToObject(all, "findings");

	for (int i = 0; i < N_DOCTOR_CODES; i++) {
		enum doctor_code code = (enum doctor_code)i;
		if (doctor_code_token(code) != NULL) {
			cJSON *row = add_row(array);
			add_text(row, "code", doctor_code_token(code));
			add_text(row, "level", doctor_level_name(doctor_code_level(code)));
			add_text(row, "advice", doctor_code_advice(code));
		}
	}
}

static void add_metrics(cJSON *all)
{
	size_t n;
	const struct metric *rows = metrics_table(&n);
	cJSON *array = cJSON_AddArrayToObject(all, "metrics");

	for (size_t i = 0; i < n; i++) {
		cJSON *row = add_row(array);
		add_text(row, "name", rows[i].name);
		add_text(row, "type", rows[i].type);
		add_text(row, "labels", rows[i].labels);
		add_text(row, "help", rows[i].help);
	}
}

static void add_limits(cJSON *all)
{
	cJSON *object = cJSON_AddObjectToObject(all, "limits");

	(void)cJSON_AddNumberToObject(object, "members", SCALARS_MAX);
	(void)cJSON_AddNumberToObject(object, "name_bytes", SCALAR_NAME_MAX);
	(void)cJSON_AddNumberToObject(object, "member_bytes", SCALAR_VALUE_MAX);
	(void)cJSON_AddNumberToObject(object, "socket_bytes", TARGET_PATH_MAX);
}

int main(void)
{
	cJSON *all = cJSON_CreateObject();

	add_commands(all);
	add_options(all);
	add_exits(all);
	add_keys(all);
	add_reasons(all);
	add_findings(all);
	add_metrics(all);
	add_limits(all);
	char *text = cJSON_Print(all);
	bool printed = text != NULL && puts(text) >= 0;
	free(text);
	cJSON_Delete(all);
	return printed ? EXIT_DONE : EXIT_INTERNAL;
}
