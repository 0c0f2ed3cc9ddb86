/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a member says of itself, from any bytes: it is what a second reader finds in them, and texts
 * end where there is room for them.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/net/etcd_maintenance_codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/proto_walk.h"

#define N_KEYS   2
#define KEY_MOST 100 /* bytes of a key that are shown */

static const struct etcd_entry keys[N_KEYS] = { { "/services/a/h:1", "" }, { "a/h:1", "" } };

/* `text` is how these bytes begin, up to `most` of them and to the first NUL. */
static bool is_shown(const char *text, const uint8_t *bytes, size_t len, size_t most)
{
	size_t n = strnlen((const char *)bytes, len < most ? len : most);

	return strlen(text) == n && memcmp(text, bytes, n) == 0;
}

/* ---- a member ---------------------------------------------------------------------------- */

static bool has_error(const uint8_t *data, size_t size, const char *words)
{
	struct proto_walk walk = { .at = data, .left = size };
	bool found = false;

	while (proto_next(&walk)) {
		if (walk.number == 8 && walk.type == 2) {
			char *text = fuzz_text(walk.bytes, walk.len);
			found = found || strstr(text, words) != NULL;
			free(text);
		}
	}
	return found;
}

static void expect_header(const uint8_t *data, size_t size, const struct etcd_member *member)
{
	const uint8_t *header;
	size_t len;

	HOLDS(proto_bytes(data, size, 1, &header, &len) && member->cluster != 0);
	if (proto_count(data, size, 1, 2) == 1) { /* of several each says a part */
		HOLDS(member->cluster == proto_varint(header, len, 1));
		HOLDS(member->member == proto_varint(header, len, 2));
		HOLDS(member->term == proto_varint(header, len, 4));
	}
}

static void read_member(const uint8_t *data, size_t size)
{
	struct etcd_member member;
	const uint8_t *version = data;
	size_t len = 0;

	if (!etcd_decode_status(data, size, &member)) {
		HOLDS(member.cluster == 0);
		return;
	}
	(void)proto_bytes(data, size, 2, &version, &len);
	expect_header(data, size, &member);
	HOLDS(strnlen(member.version, sizeof member.version) < sizeof member.version);
	HOLDS(is_shown(member.version, version, len, sizeof member.version - 1));
	HOLDS((uint64_t)member.db_size == proto_varint(data, size, 3));
	HOLDS(member.leader == proto_varint(data, size, 4));
	HOLDS(proto_is_flag(data, size, 10, member.learner));
	HOLDS(member.nospace == has_error(data, size, "alarm:NOSPACE"));
	HOLDS(member.corrupt == has_error(data, size, "alarm:CORRUPT"));
}

/* ---- alarms -------------------------------------------------------------------------------- */

/* True when there is one of that kind; then *member is the last that has it. */
static bool find_alarm(const uint8_t *data, size_t size, uint32_t kind, uint64_t *member)
{
	struct proto_walk walk = { .at = data, .left = size };
	bool found = false;

	*member = 0;
	while (proto_next(&walk)) {
		if (walk.number == 2 && walk.type == 2 &&
				(uint32_t)proto_varint(walk.bytes, walk.len, 2) == kind) {
			*member = proto_varint(walk.bytes, walk.len, 1);
			found = true;
		}
	}
	return found;
}

static void read_alarms(const uint8_t *data, size_t size)
{
	struct etcd_alarms alarms;
	uint64_t member;

	if (etcd_decode_alarms(data, size, &alarms)) {
		HOLDS(alarms.any_nospace == find_alarm(data, size, 1, &member));
		HOLDS(alarms.nospace == member);
		HOLDS(alarms.any_corrupt == find_alarm(data, size, 2, &member));
		HOLDS(alarms.corrupt == member);
	} else {
		HOLDS(!alarms.any_nospace && !alarms.any_corrupt);
	}
}

/* ---- the keys of a lease -------------------------------------------------------------------- */

static bool is_ours(const uint8_t *key, size_t len)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (strlen(keys[i].key) == len && memcmp(keys[i].key, key, len) == 0) {
			return true;
		}
	}
	return false;
}

/* The first that shows as something. */
static void expect_other(const uint8_t *data, size_t size, const char *other)
{
	struct proto_walk walk = { .at = data, .left = size };

	while (proto_next(&walk)) {
		if (walk.number == 5 && walk.type == 2 && walk.len > 0 && walk.bytes[0] != '\0' &&
				!is_ours(walk.bytes, walk.len)) {
			HOLDS(is_shown(other, walk.bytes, walk.len, KEY_MOST));
			return;
		}
	}
	HOLDS(other[0] == '\0');
}

static void read_lease_keys(const uint8_t *data, size_t size)
{
	struct etcd_lease_state state;

	if (etcd_decode_lease_keys(data, size, keys, N_KEYS, &state)) {
		HOLDS(state.n_keys == proto_count(data, size, 5, 2));
		HOLDS((uint64_t)state.ttl_s == proto_varint(data, size, 3));
		HOLDS((uint64_t)state.granted_s == proto_varint(data, size, 4));
		HOLDS(strnlen(state.other, sizeof state.other) < sizeof state.other);
		expect_other(data, size, state.other);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_member(data, size);
	read_alarms(data, size);
	read_lease_keys(data, size);
	return 0;
}
