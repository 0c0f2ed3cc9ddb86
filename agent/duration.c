/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/duration.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/util.h"

static const struct unit {
	const char *name;
	uint32_t ms;
} units[] = {
	{ "h", 3600000 },
	{ "m", 60000 },
	{ "s", 1000 },
	{ "ms", 1 },
};

/* A decimal number as it is read: whole + part / scale. */
struct decimal {
	uint64_t whole, part, scale;
	bool huge;     /* more digits than we care to count */
	bool too_fine; /* a digit behind the ninth decimal */
};

/* Reads digits and perhaps a fraction; returns what follows, NULL when there is no number. */
static const char *read_decimal(const char *text, struct decimal *n)
{
	*n = (struct decimal){ .scale = 1 };
	const char *at = text;
	for (; *at >= '0' && *at <= '9'; at++) {
		n->whole = n->whole * 10 + (uint64_t)(*at - '0');
		if (n->whole > UINT32_MAX) {
			n->huge = true;
			n->whole = UINT32_MAX;
		}
	}
	if (at == text || *at != '.') {
		return at == text ? NULL : at;
	}
	const char *point = at++;
	for (; *at >= '0' && *at <= '9'; at++) {
		if (n->scale == 1000000000) {
			n->too_fine = n->too_fine || *at != '0';
			continue;
		}
		n->part = n->part * 10 + (uint64_t)(*at - '0');
		n->scale *= 10;
	}
	return at == point + 1 ? NULL : at;
}

static const struct unit *unit_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(units[i].name, name) == 0) {
			return &units[i];
		}
	}
	return NULL;
}

int duration_parse(const char *text, uint32_t *ms, struct err *err)
{
	struct decimal n;
	const char *end = read_decimal(text, &n);
	if (end != NULL && *end == '\0') {
		return err_set(err, ERR_SYNTAX, "%.40s has no unit, try %.40s%s", text, text,
				n.whole >= 1000 ? "ms" : "s");
	}
	const struct unit *unit = end == NULL ? NULL : unit_of(end);
	if (unit == NULL) {
		return err_set(err, ERR_SYNTAX,
				"'%.80s' is not a duration (a number and a unit: 500ms, 10s, 5m, 24h)",
				text);
	}
	if (n.too_fine || n.part * unit->ms % n.scale != 0) {
		return err_set(err, ERR_SYNTAX, "%.40s does not come to whole milliseconds", text);
	}
	uint64_t sum = n.whole * unit->ms + n.part * unit->ms / n.scale;
	if (n.huge || sum > UINT32_MAX) {
		return err_set(err, ERR_RANGE, "%.40s is too long", text);
	}
	*ms = (uint32_t)sum;
	return 0;
}

void duration_format(char *out, size_t size, uint32_t ms)
{
	if (ms == 0) {
		snprintf(out, size, "0s");
		return;
	}
	const struct unit *unit = units;
	while (ms % unit->ms != 0) { /* the last is 1 */
		unit++;
	}
	snprintf(out, size, "%" PRIu32 "%s", ms / unit->ms, unit->name);
}
