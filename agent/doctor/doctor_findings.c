/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/doctor/doctor_findings.h"

#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "agent/json_write.h"
#include "agent/utf8.h"

#define FOUND_MAX 901

/* ---- adding --------------------------------------------------------------------------- */

static char *harmless(const char *text)
{
	char *copy = strdup(text);

	if (copy != NULL) {
		utf8_make_harmless(copy);
	}
	return copy;
}

static const char *colour_of(enum doctor_level level)
{
	switch (level) {
	case DOCTOR_LEVEL_OK:
		return "\033[32m";
	case DOCTOR_LEVEL_SKIPPED:
		return "\033[2m";
	case DOCTOR_LEVEL_WARNING:
		return "\033[33m";
	case DOCTOR_LEVEL_PROBLEM:
		return "\033[31m";
	}
	return "";
}

static void print(const struct doctor_findings *f, const struct doctor_finding *one)
{
	enum doctor_level level = doctor_code_level(one->code);
	const char *token = doctor_code_token(one->code);
	const char *advice = doctor_code_advice(one->code);

	(void)fprintf(f->out, "%s%-7s%s  %-11s  %s%s%s", f->colour ? colour_of(level) : "",
			doctor_level_name(level), f->colour ? "\033[0m" : "", one->check,
			one->subject, one->subject[0] != '\0' ? ": " : "", one->found);
	if (token != NULL) {
		(void)fprintf(f->out, " [%s]", token);
	}
	(void)fputs("\n", f->out);
	if (advice != NULL) {
		(void)fprintf(f->out, "%22s-> %s\n", "", advice);
	}
	(void)fflush(f->out); /* the next check may take seconds */
}

void doctor_find(struct doctor_findings *f, const char *check, const char *subject,
		enum doctor_code code, const char *fmt, ...)
{
	struct doctor_finding *grown = realloc(f->at, (f->n + 1) * sizeof *grown);
	char found[FOUND_MAX];
	va_list args;

	if (grown == NULL) {
		f->lost = true;
		return;
	}
	f->at = grown;
	va_start(args, fmt);
	(void)vsnprintf(found, sizeof found, fmt, args);
	va_end(args);
	struct doctor_finding one = { code, check, harmless(subject), harmless(found) };
	if (one.subject == NULL || one.found == NULL) {
		free(one.subject);
		free(one.found);
		f->lost = true;
		return;
	}
	f->at[f->n++] = one;
	if (f->out != NULL) {
		print(f, &one);
	}
}

/* ---- all of them ---------------------------------------------------------------------- */

size_t doctor_findings_count(const struct doctor_findings *f, size_t from, enum doctor_level level)
{
	size_t n = 0;

	for (size_t i = from; i < f->n; i++) {
		n += doctor_code_level(f->at[i].code) == level ? 1 : 0;
	}
	return n;
}

void doctor_findings_sum(const struct doctor_findings *f, FILE *out)
{
	size_t problems = doctor_findings_count(f, 0, DOCTOR_LEVEL_PROBLEM);
	size_t warnings = doctor_findings_count(f, 0, DOCTOR_LEVEL_WARNING);

	(void)fprintf(out, "%zu problem%s, %zu warning%s, %zu ok, %zu skipped\n", problems,
			problems == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s",
			doctor_findings_count(f, 0, DOCTOR_LEVEL_OK),
			doctor_findings_count(f, 0, DOCTOR_LEVEL_SKIPPED));
}

static cJSON *text_or_null(const char *text)
{
	return text == NULL ? cJSON_CreateNull() : cJSON_CreateString(text);
}

static cJSON *check_item(const struct doctor_finding *one)
{
	enum doctor_level level = doctor_code_level(one->code);
	cJSON *item = cJSON_CreateObject();

	if (item != NULL && json_add(item, "check", cJSON_CreateString(one->check)) &&
			json_add(item, "subject", cJSON_CreateString(one->subject)) &&
			json_add(item, "level", cJSON_CreateString(doctor_level_name(level))) &&
			json_add(item, "code", text_or_null(doctor_code_token(one->code))) &&
			json_add(item, "found", cJSON_CreateString(one->found)) &&
			json_add(item, "advice", text_or_null(doctor_code_advice(one->code)))) {
		return item;
	}
	cJSON_Delete(item);
	return NULL;
}

/* NULL when there is no problem. */
static const struct doctor_finding *first_problem(const struct doctor_findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		if (doctor_code_level(f->at[i].code) == DOCTOR_LEVEL_PROBLEM) {
			return &f->at[i];
		}
	}
	return NULL;
}

static cJSON *whole(const struct doctor_findings *f)
{
	const struct doctor_finding *first = first_problem(f);
	const char *code = first == NULL ? NULL : doctor_code_token(first->code);
	cJSON *item = cJSON_CreateObject(), *checks = cJSON_CreateArray();
	bool made = item != NULL && checks != NULL;

	for (size_t i = 0; made && i < f->n; i++) {
		made = json_append(checks, check_item(&f->at[i]));
	}
	made = made && json_add(item, "ok", cJSON_CreateBool(first == NULL)) &&
	       json_add(item, "code", text_or_null(code));
	if (!made) {
		cJSON_Delete(checks);
		cJSON_Delete(item);
		return NULL;
	}
	if (!json_add(item, "checks", checks)) {
		cJSON_Delete(item);
		return NULL;
	}
	return item;
}

int doctor_findings_json(const struct doctor_findings *f, FILE *out)
{
	char *line = json_line(whole(f));

	if (line == NULL || f->lost) {
		free(line);
		return -1;
	}
	(void)fputs(line, out);
	free(line);
	return 0;
}

void doctor_findings_finish(struct doctor_findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->at[i].subject);
		free(f->at[i].found);
	}
	free(f->at);
	memset(f, 0, sizeof *f);
}
