/* SPDX-License-Identifier: Apache-2.0 */
/* What a member says of itself, from any bytes: texts end where there is room for them. */
#include <string.h>

#include "agent/net/etcd_maintenance_codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/proto_walk.h"

static const struct etcd_entry keys[] = { { "/services/a/h:1", "" }, { "a/h:1", "" } };

static void read_member(const uint8_t *data, size_t size)
{
	struct etcd_member member;
	bool readable = etcd_decode_status(data, size, &member);

	HOLDS(!readable || member.cluster != 0);
	HOLDS(strnlen(member.version, sizeof member.version) < sizeof member.version);
}

static void read_alarms(const uint8_t *data, size_t size)
{
	struct etcd_alarms alarms;

	if (etcd_decode_alarms(data, size, &alarms)) {
		HOLDS(alarms.any_nospace || alarms.nospace == 0);
		HOLDS(alarms.any_corrupt || alarms.corrupt == 0);
	} else {
		HOLDS(!alarms.any_nospace && !alarms.any_corrupt);
	}
}

static void read_lease_keys(const uint8_t *data, size_t size)
{
	struct etcd_lease_state state;

	if (etcd_decode_lease_keys(data, size, keys, 2, &state)) {
		HOLDS(state.n_keys <= size);
		HOLDS((uint64_t)state.ttl_s == proto_varint(data, size, 3));
		HOLDS((uint64_t)state.granted_s == proto_varint(data, size, 4));
		HOLDS(strnlen(state.other, sizeof state.other) < sizeof state.other);
		HOLDS(strcmp(state.other, keys[0].key) != 0);
		HOLDS(state.other[0] == '\0' || state.n_keys > 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_member(data, size);
	read_alarms(data, size);
	read_lease_keys(data, size);
	return 0;
}
