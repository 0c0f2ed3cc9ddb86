/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/admin/status_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/endpoint.h"
#include "agent/text_table.h"
#include "agent/util.h"

#define AGE_MAX 24

/* ---- words ------------------------------------------------------------------------------- */

/* "9s", "12m", "3h", "4d": what fits a column. */
static const char *age_text(char out[AGE_MAX], double seconds)
{
	static const struct {
		double from, unit;
		char letter;
	} units[] = { { 172800, 86400, 'd' }, { 7200, 3600, 'h' }, { 120, 60, 'm' },
		{ 0, 1, 's' } };
	size_t i = 0;

	while (seconds < units[i].from) {
		i++;
	}
	(void)snprintf(out, AGE_MAX, "%.0f%c", (double)(int64_t)(seconds / units[i].unit),
			units[i].letter);
	return out;
}

struct word {
	const char *text;
	enum tint tint;
};

static struct word drained_word(const struct status_service *s)
{
	if (!s->withdrawn) {
		return (struct word){ "withdrawing", TINT_ODD };
	}
	return (struct word){ s->linger_left > 0 ? "draining" : "drained", TINT_ODD };
}

static struct word word_of(const struct status_service *s)
{
	if (s->retiring) {
		return (struct word){ "retiring", TINT_ODD };
	}
	if (s->contested) {
		return (struct word){ "standing by", TINT_ODD };
	}
	if (s->drained) {
		return drained_word(s);
	}
	if (s->goal == GOAL_ABSENT || s->goal == GOAL_EXIT) {
		return s->withdrawn ? (struct word){ "no", TINT_BAD }
				    : (struct word){ "withdrawing", TINT_ODD };
	}
	if (s->listed) {
		return s->seconds_left > 0 ? (struct word){ "yes", TINT_GOOD }
					   : (struct word){ "unsure", TINT_ODD };
	}
	return s->goal == GOAL_PRESENT ? (struct word){ "not yet", TINT_ODD }
				       : (struct word){ "no", TINT_ODD };
}

const char *status_word(const struct status_service *s)
{
	return word_of(s).text;
}

static enum tint health_tint(enum health_state health)
{
	switch (health) {
	case HEALTH_UP:
		return TINT_GOOD;
	case HEALTH_DOWN:
		return TINT_BAD;
	case HEALTH_UNKNOWN:
		break;
	}
	return TINT_ODD;
}

/* ---- services ---------------------------------------------------------------------------- */

/* Why it is not well, or will not be for long. */
static void note_health(struct text_table *t, const struct status_service *s)
{
	bool fails = s->probed && s->reason < N_REASONS && s->health == HEALTH_UP &&
		     reason_verdict(s->reason) == VERDICT_SOFT_FAIL;

	if (s->health == HEALTH_UP && !fails) {
		return;
	}
	if (!s->probed) {
		text_table_note(t, "no probe has ended yet");
		return;
	}
	text_table_note(t, "%s%s%s", s->reason < N_REASONS ? reason_token(s->reason) : "",
			s->reason < N_REASONS ? ": " : "", s->sentence != NULL ? s->sentence : "");
}

static void note_registration(struct text_table *t, const struct status_service *s)
{
	if (s->contested) {
		text_table_note(t, "another instance has the key %s", s->key);
	}
	if (s->listed && s->lease != 0 && s->seconds_left <= 0) {
		text_table_note(t,
				"etcd has not confirmed the lease in time; it may be listed still");
	}
	if (s->tries > 0) {
		text_table_note(t, "no clear answer from etcd at %s, %u time%s in a row",
				s->etcd != NULL ? s->etcd : "any endpoint", s->tries,
				s->tries == 1 ? "" : "s");
	}
	if (s->withdrawn && s->linger_left > 0) {
		text_table_note(t, "withdrawn; lingers for %.1f s more", s->linger_left);
	}
}

static void add_lease(struct text_table *t, const struct status_service *s)
{
	char left[AGE_MAX];

	if (s->lease == 0) {
		text_table_cell(t, TINT_NONE, "-");
		text_table_cell(t, TINT_NONE, "-");
		return;
	}
	text_table_cell(t, TINT_NONE, "%s", age_text(left, s->seconds_left));
	text_table_cell(t, TINT_NONE, "%" PRIx64, (uint64_t)s->lease);
}

static void add_service(struct text_table *t, const struct status_service *s)
{
	char address[ENDPOINT_TEXT_MAX], age[AGE_MAX];
	struct word word = word_of(s);

	endpoint_format(address, sizeof address, s->host, s->port);
	text_table_row(t);
	text_table_cell(t, TINT_NONE, "%s", s->name);
	text_table_cell(t, TINT_NONE, "%s", address);
	text_table_cell(t, health_tint(s->health), "%s", health_name(s->health));
	text_table_cell(t, TINT_NONE, "%s", age_text(age, s->health_for));
	text_table_cell(t, word.tint, "%s", word.text);
	add_lease(t, s);
	note_health(t, s);
	note_registration(t, s);
}

static void add_headings(struct text_table *t, const char *const *headings, size_t n)
{
	text_table_row(t);
	for (size_t i = 0; i < n; i++) {
		text_table_cell(t, TINT_NONE, "%s", headings[i]);
	}
}

/* The lease is last: it is the widest, and the one that people miss least where it wraps. */
static int print_services(const struct status *s, bool colour, FILE *out)
{
	static const char *const headings[] = { "SERVICE", "ADDRESS", "HEALTH", "FOR", "LISTED",
		"LEFT", "LEASE" };
	struct text_table t = { 0 };

	add_headings(&t, headings, ARRAY_LEN(headings));
	for (size_t i = 0; i < s->n_services; i++) {
		add_service(&t, &s->services[i]);
	}
	int result = text_table_print(&t, colour, out);
	text_table_finish(&t);
	return result;
}

/* ---- readers ----------------------------------------------------------------------------- */

static size_t count_failing(const struct status_reader *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_outputs; i++) {
		n += r->outputs[i].failing;
	}
	return n;
}

static void add_state(struct text_table *t, const struct status_reader *r)
{
	char age[AGE_MAX];

	if (!r->begun) {
		text_table_cell(t, TINT_ODD, "nothing yet");
	} else if (r->stale) {
		text_table_cell(t, TINT_ODD, "stale %s", age_text(age, r->age));
	} else {
		text_table_cell(t, TINT_GOOD, "current");
	}
}

static void add_outputs(struct text_table *t, const struct status_reader *r)
{
	size_t failing = count_failing(r);

	if (failing > 0) {
		text_table_cell(t, TINT_BAD, "%zu of %zu failing", failing, r->n_outputs);
	} else {
		text_table_cell(t, TINT_GOOD, "%zu well", r->n_outputs);
	}
}

/* Of many outputs that fail, the first ones tell the story. */
static void note_outputs(struct text_table *t, const struct status_reader *r)
{
	size_t noted = 0;

	for (size_t i = 0; i < r->n_outputs && noted < TEXT_TABLE_NOTES; i++) {
		const struct status_output *o = &r->outputs[i];
		if (o->failing) {
			text_table_note(t, "failing: %s %s", o->type, o->place);
			noted++;
		}
	}
}

static void add_reader(struct text_table *t, const struct status_reader *r)
{
	text_table_row(t);
	text_table_cell(t, TINT_NONE, "%s", r->name);
	text_table_cell(t, TINT_NONE, "%zu", r->instances);
	add_state(t, r);
	add_outputs(t, r);
	note_outputs(t, r);
}

static int print_readers(const struct status *s, bool colour, FILE *out)
{
	static const char *const headings[] = { "FOLLOWS", "INSTANCES", "STATE", "OUTPUTS" };
	struct text_table t = { 0 };

	add_headings(&t, headings, ARRAY_LEN(headings));
	for (size_t i = 0; i < s->n_readers; i++) {
		add_reader(&t, &s->readers[i]);
	}
	int result = text_table_print(&t, colour, out);
	text_table_finish(&t);
	return result;
}

/* ---- all of it --------------------------------------------------------------------------- */

size_t status_at_goal(const struct status *s, size_t *all)
{
	size_t n = 0;

	*all = s->n_readers;
	for (size_t i = 0; i < s->n_services; i++) {
		if (!s->services[i].retiring) {
			(*all)++;
			n += s->services[i].at_goal;
		}
	}
	for (size_t i = 0; i < s->n_readers; i++) {
		n += s->readers[i].at_goal;
	}
	return n;
}

/* The first that one of them says; there is rarely another. */
static const char *etcd_of(const struct status *s)
{
	for (size_t i = 0; i < s->n_services; i++) {
		if (s->services[i].etcd != NULL) {
			return s->services[i].etcd;
		}
	}
	for (size_t i = 0; i < s->n_readers; i++) {
		if (s->readers[i].etcd != NULL) {
			return s->readers[i].etcd;
		}
	}
	return NULL;
}

static bool is_one_etcd(const struct status *s, const char *etcd)
{
	bool one = true;

	for (size_t i = 0; i < s->n_services; i++) {
		one = one &&
		      (s->services[i].etcd == NULL || strcmp(s->services[i].etcd, etcd) == 0);
	}
	for (size_t i = 0; i < s->n_readers; i++) {
		one = one && (s->readers[i].etcd == NULL || strcmp(s->readers[i].etcd, etcd) == 0);
	}
	return one;
}

static int print_summary(const struct status *s, FILE *out)
{
	char age[AGE_MAX];
	const char *etcd = etcd_of(s);
	size_t all, n = status_at_goal(s, &all);
	struct text_table t = { 0 };

	text_table_row(&t);
	text_table_cell(&t, TINT_NONE, "svc-agent %s, up %s: %zu of %zu at %s goal%s%s%s%s%s",
			s->version, age_text(age, s->uptime), n, all, all == 1 ? "its" : "their",
			etcd != NULL ? ", etcd " : "", etcd != NULL ? etcd : "",
			etcd != NULL && !is_one_etcd(s, etcd) ? " and others" : "",
			s->drained ? ", drained" : "", s->leaving ? ", ending" : "");
	int result = text_table_print(&t, false, out);
	text_table_finish(&t);
	return result;
}

int status_print(const struct status *s, bool colour, FILE *out)
{
	if (s->n_services > 0) {
		if (print_services(s, colour, out) < 0) {
			return -1;
		}
		(void)fputs("\n", out);
	}
	if (s->n_readers > 0) {
		if (print_readers(s, colour, out) < 0) {
			return -1;
		}
		(void)fputs("\n", out);
	}
	return print_summary(s, out);
}
