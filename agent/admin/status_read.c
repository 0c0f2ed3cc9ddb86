/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status_read - each kind of object is a table of members: what they are called,
 * how they are read, and where they go. A member that is missing, or is not of
 * its kind, refuses the document.
 */
#include "agent/admin/status_read.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "agent/admin/status_json.h"
#include "agent/json_read.h"
#include "agent/util.h"

/* What a double holds exactly. */
#define WHOLE_MAX 9007199254740992.0

enum kind {
	KIND_TEXT,
	KIND_MAYBE_TEXT,
	KIND_BOOL,
	KIND_SECONDS,
	KIND_COUNT,
	KIND_SIZE,
	KIND_REVISION
};

struct member {
	const char *name;
	enum kind kind;
	size_t at;
};

/* clang-format off */
#define AT(member) offsetof(struct status, member)
static const struct member of_status[] = {
	{ "version",        KIND_TEXT,    AT(version) },
	{ "uptime",         KIND_SECONDS, AT(uptime) },
	{ "leaving",        KIND_BOOL,    AT(leaving) },
	{ "drained",        KIND_BOOL,    AT(drained) },
	{ "reloads",        KIND_COUNT,   AT(reloads) },
	{ "reloads_failed", KIND_COUNT,   AT(reloads_failed) },
};
#undef AT

#define AT(member) offsetof(struct status_service, member)
static const struct member of_service[] = {
	{ "name",         KIND_TEXT,       AT(name) },
	{ "host",         KIND_TEXT,       AT(host) },
	{ "port",         KIND_COUNT,      AT(port) },
	{ "key",          KIND_TEXT,       AT(key) },
	{ "file",         KIND_TEXT,       AT(file) },
	{ "sentence",     KIND_MAYBE_TEXT, AT(sentence) },
	{ "health_for",   KIND_SECONDS,    AT(health_for) },
	{ "at_goal",      KIND_BOOL,       AT(at_goal) },
	{ "listed",       KIND_BOOL,       AT(listed) },
	{ "contested",    KIND_BOOL,       AT(contested) },
	{ "ttl",          KIND_SECONDS,    AT(ttl) },
	{ "seconds_left", KIND_SECONDS,    AT(seconds_left) },
	{ "tries",        KIND_COUNT,      AT(tries) },
	{ "etcd",         KIND_MAYBE_TEXT, AT(etcd) },
	{ "drained",      KIND_BOOL,       AT(drained) },
	{ "withdrawn",    KIND_BOOL,       AT(withdrawn) },
	{ "linger_left",  KIND_SECONDS,    AT(linger_left) },
	{ "retiring",     KIND_BOOL,       AT(retiring) },
};
#undef AT

#define AT(member) offsetof(struct status_reader, member)
static const struct member of_reader[] = {
	{ "name",      KIND_TEXT,       AT(name) },
	{ "prefix",    KIND_TEXT,       AT(prefix) },
	{ "file",      KIND_TEXT,       AT(file) },
	{ "begun",     KIND_BOOL,       AT(begun) },
	{ "stale",     KIND_BOOL,       AT(stale) },
	{ "age",       KIND_SECONDS,    AT(age) },
	{ "revision",  KIND_REVISION,   AT(revision) },
	{ "instances", KIND_SIZE,       AT(instances) },
	{ "at_goal",   KIND_BOOL,       AT(at_goal) },
	{ "etcd",      KIND_MAYBE_TEXT, AT(etcd) },
};
#undef AT

#define AT(member) offsetof(struct status_output, member)
static const struct member of_output[] = {
	{ "type",    KIND_TEXT, AT(type) },
	{ "place",   KIND_TEXT, AT(place) },
	{ "failing", KIND_BOOL, AT(failing) },
};
#undef AT
/* clang-format on */

static bool read_text(const cJSON *item, bool may_lack, const char **out)
{
	*out = cJSON_GetStringValue(item);
	return *out != NULL || (may_lack && cJSON_IsNull(item));
}

static bool read_number(const cJSON *item, double max, double *n)
{
	if (!json_is_number(item)) {
		return false;
	}
	*n = item->valuedouble;
	return *n >= 0 && *n <= max;
}

static bool read_whole(const cJSON *item, double max, uint64_t *n)
{
	double value;

	if (!read_number(item, max, &value)) {
		return false;
	}
	*n = (uint64_t)value;
	return (double)*n == value;
}

/* Where it goes to is of the type that its kind says. */
static bool read_member(const cJSON *item, enum kind kind, void *out)
{
	uint64_t n;

	switch (kind) {
	case KIND_TEXT:
	case KIND_MAYBE_TEXT:
		return read_text(item, kind == KIND_MAYBE_TEXT, out);
	case KIND_BOOL:
		*(bool *)out = cJSON_IsTrue(item);
		return cJSON_IsBool(item);
	case KIND_SECONDS:
		return read_number(item, WHOLE_MAX, out);
	case KIND_COUNT:
		if (!read_whole(item, UINT32_MAX, &n)) {
			return false;
		}
		*(unsigned *)out = (unsigned)n;
		return true;
	case KIND_SIZE:
		if (!read_whole(item, UINT32_MAX, &n)) {
			return false;
		}
		*(size_t *)out = (size_t)n;
		return true;
	case KIND_REVISION:
		if (!read_whole(item, WHOLE_MAX, &n)) {
			return false;
		}
		*(int64_t *)out = (int64_t)n;
		return true;
	}
	return false;
}

static const cJSON *find(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static int refuse(const char *name, struct err *err)
{
	return err_set(err, ERR_SYNTAX,
			"the answer is no status: '%s' is missing or not of its kind", name);
}

static int read_members(const cJSON *object, const struct member *members, size_t n, void *out,
		struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!read_member(find(object, members[i].name), members[i].kind,
				    (char *)out + members[i].at)) {
			return refuse(members[i].name, err);
		}
	}
	return 0;
}

/* Which of the names it is; `n` when none. */
static int name_index(const cJSON *item, int n, const char *(*name)(int))
{
	const char *text = cJSON_GetStringValue(item);

	for (int i = 0; text != NULL && i < n; i++) {
		if (strcmp(name(i), text) == 0) {
			return i;
		}
	}
	return n;
}

static const char *health_of(int i)
{
	return health_name((enum health_state)i);
}

static const char *goal_of(int i)
{
	return goal_name((enum goal)i);
}

static const char *state_of(int i)
{
	return lease_state_name((enum lease_state)i);
}

static const char *reason_of(int i)
{
	return reason_token((enum reason)i);
}

#define N_HEALTHS (HEALTH_DOWN + 1)

static int read_enums(const cJSON *object, struct status_service *s, struct err *err)
{
	const cJSON *reason = find(object, "reason");
	int health = name_index(find(object, "health"), N_HEALTHS, health_of);
	int goal = name_index(find(object, "goal"), N_GOALS, goal_of);
	int state = name_index(find(object, "state"), N_LEASE_STATES, state_of);

	if (health == N_HEALTHS || goal == N_GOALS || state == N_LEASE_STATES) {
		return refuse(health == N_HEALTHS ? "health"
				: goal == N_GOALS ? "goal"
						  : "state",
				err);
	}
	if (!cJSON_IsString(reason) && !cJSON_IsNull(reason)) {
		return refuse("reason", err);
	}
	s->health = (enum health_state)health;
	s->goal = (enum goal)goal;
	s->state = (enum lease_state)state;
	s->probed = cJSON_IsString(reason);
	s->reason = (enum reason)name_index(reason, N_REASONS, reason_of);
	return 0;
}

static bool read_lease(const cJSON *item, int64_t *lease)
{
	const char *text = cJSON_GetStringValue(item);
	size_t len = text == NULL ? 0 : strlen(text);

	*lease = 0;
	if (cJSON_IsNull(item)) {
		return true;
	}
	if (len == 0 || len > 16 || strspn(text, "0123456789abcdef") != len) {
		return false;
	}
	*lease = (int64_t)strtoull(text, NULL, 16);
	return true;
}

static int read_service(const cJSON *object, void *out, struct err *err)
{
	struct status_service *s = out;

	if (read_members(object, of_service, ARRAY_LEN(of_service), s, err) < 0 ||
			read_enums(object, s, err) < 0) {
		return -1;
	}
	return read_lease(find(object, "lease"), &s->lease) ? 0 : refuse("lease", err);
}

static int read_output(const cJSON *object, void *out, struct err *err)
{
	return read_members(object, of_output, ARRAY_LEN(of_output), out, err);
}

/* ---- lists ------------------------------------------------------------------------------- */

/* A list of objects as an array of structs of `size`; *out and *n are the caller's to free. */
static int read_list(const cJSON *parent, const char *name, size_t size, void **out, size_t *n,
		int (*read)(const cJSON *object, void *out, struct err *err), struct err *err)
{
	const cJSON *list = find(parent, name), *item;
	char *at = cJSON_IsArray(list) ? calloc((size_t)cJSON_GetArraySize(list) + 1, size) : NULL;

	*out = at;
	if (at == NULL) {
		return cJSON_IsArray(list) ? err_set(err, ERR_SYSTEM, "out of memory")
					   : refuse(name, err);
	}
	cJSON_ArrayForEach(item, list)
	{
		/* Counted first: what has been read of it is freed with the rest. */
		if (read(item, at + size * (*n)++, err) < 0) {
			return -1;
		}
	}
	return 0;
}

static int read_reader(const cJSON *object, void *out, struct err *err)
{
	struct status_reader *r = out;
	void *outputs = NULL;

	if (read_members(object, of_reader, ARRAY_LEN(of_reader), r, err) < 0) {
		return -1;
	}
	int result = read_list(object, "outputs", sizeof *r->outputs, &outputs, &r->n_outputs,
			read_output, err);
	r->outputs = outputs;
	return result;
}

static int read_lists(const cJSON *root, struct status *s, struct err *err)
{
	void *services = NULL, *readers = NULL;
	int result = read_list(root, "services", sizeof *s->services, &services, &s->n_services,
			read_service, err);

	s->services = services;
	if (result == 0) {
		result = read_list(root, "readers", sizeof *s->readers, &readers, &s->n_readers,
				read_reader, err);
		s->readers = readers;
	}
	return result;
}

static int read_all(const cJSON *root, struct status *s, struct err *err)
{
	uint64_t version;

	if (!read_whole(find(root, "schema_version"), UINT32_MAX, &version)) {
		return refuse("schema_version", err);
	}
	if (version != STATUS_SCHEMA_VERSION) {
		return err_set(err, ERR_RANGE,
				"the agent's status has the schema_version %u, this program knows %d",
				(unsigned)version, STATUS_SCHEMA_VERSION);
	}
	return read_members(root, of_status, ARRAY_LEN(of_status), s, err) < 0
			       ? -1
			       : read_lists(root, s, err);
}

int status_read(struct status_document *d, const char *text, size_t len, struct err *err)
{
	memset(d, 0, sizeof *d);
	d->tree = json_read_up_to(text, len, STATUS_DOCUMENT_MAX, err);
	if (d->tree == NULL) {
		return err_set(err, ERR_SYNTAX,
				"the answer is no status: it is not one JSON object");
	}
	if (read_all(d->tree, &d->status, err) < 0) {
		status_document_finish(d);
		return -1;
	}
	return 0;
}

/* ---- picking ----------------------------------------------------------------------------- */

static bool is_named(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_here(const struct status *s, const char *name)
{
	for (size_t i = 0; i < s->n_services; i++) {
		if (strcmp(s->services[i].name, name) == 0) {
			return true;
		}
	}
	for (size_t i = 0; i < s->n_readers; i++) {
		if (strcmp(s->readers[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

const char *status_missing(const struct status *status, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_here(status, names[i])) {
			return names[i];
		}
	}
	return NULL;
}

void status_keep(struct status *s, const char *const *names, size_t n)
{
	size_t kept = 0;

	if (n == 0) {
		return;
	}
	for (size_t i = 0; i < s->n_services; i++) {
		if (is_named(s->services[i].name, names, n)) {
			s->services[kept++] = s->services[i];
		}
	}
	s->n_services = kept;
	kept = 0;
	for (size_t i = 0; i < s->n_readers; i++) {
		if (is_named(s->readers[i].name, names, n)) {
			s->readers[kept++] = s->readers[i];
		} else {
			free(s->readers[i].outputs);
		}
	}
	s->n_readers = kept;
}

void status_document_finish(struct status_document *d)
{
	status_finish(&d->status);
	cJSON_Delete(d->tree);
	memset(d, 0, sizeof *d);
}
