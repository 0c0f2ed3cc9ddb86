/* SPDX-License-Identifier: Apache-2.0 */
/* The page keeps to Prometheus' text format whatever labels hold, and says no series twice. */
#include <stdlib.h>
#include <string.h>

#include "agent/admin/metrics.h"
#include "tests/fuzz/status.h"

#define NAME_SIGNS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* Behind the opening quote; returns what follows the closing one. */
static const char *pass_value(const char *at)
{
	for (; *at != '"'; at++) {
		HOLDS(*at != '\n' && *at != '\0');
		if (*at == '\\') {
			at++;
			HOLDS(*at == '\\' || *at == '"' || *at == 'n');
		}
	}
	return at + 1;
}

static const char *pass_labels(const char *at)
{
	do {
		size_t len = strspn(++at, NAME_SIGNS); /* behind { or , */
		HOLDS(len > 0 && at[len] == '=' && at[len + 1] == '"');
		at = pass_value(at + len + 2);
	} while (*at == ',');
	HOLDS(*at == '}');
	return at + 1;
}

/* The length of a series; what follows is a number and the end of the line. */
static size_t check_series(const char *line)
{
	size_t len = strspn(line, NAME_SIGNS);
	const char *at = line + len;
	char *end;

	HOLDS(len > 0);
	if (*at == '{') {
		at = pass_labels(at);
	}
	HOLDS(*at == ' ');
	double value = strtod(at + 1, &end);
	HOLDS(end > at + 1 && *end == '\n' && value >= 0);
	return (size_t)(at - line);
}

struct series {
	const char *at;
	size_t len;
};

static int compare(const void *a, const void *b)
{
	const struct series *x = a, *y = b;
	int order = memcmp(x->at, y->at, x->len < y->len ? x->len : y->len);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static void check(const char *text)
{
	size_t n = 0;
	struct series *all = calloc(fuzz_count_lines(text) + 1, sizeof *all);

	HOLDS(all != NULL);
	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
		if (*line == '#') {
			HOLDS(strncmp(line, "# HELP svc_agent_", 17) == 0 ||
					strncmp(line, "# TYPE svc_agent_", 17) == 0);
		} else {
			all[n++] = (struct series){ line, check_series(line) };
		}
	}
	qsort(all, n, sizeof *all, compare);
	for (size_t i = 1; i < n; i++) {
		/* What is no UTF-8, and no descriptor has, may come out alike. */
		HOLDS(compare(&all[i - 1], &all[i]) != 0 ||
				memchr(all[i].at, '?', all[i].len) != NULL);
	}
	free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	struct fuzz_status s;
	size_t len;

	fuzz_status_make(&s, &b);
	char *text = metrics_text(&s.status, &len);
	HOLDS(text != NULL && strlen(text) == len && fuzz_is_text(text));
	HOLDS(len > 0 && text[len - 1] == '\n');
	check(text);
	free(text);
	fuzz_status_finish(&s);
	return 0;
}
