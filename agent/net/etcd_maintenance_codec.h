/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_MAINTENANCE_CODEC_H
#define AGENT_NET_ETCD_MAINTENANCE_CODEC_H

/*
 * etcd_maintenance_codec - the messages of etcd that a look at its members takes,
 * as bytes and back. Pure; as etcd_codec otherwise.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/net/etcd_codec.h"

#define ETCD_PATH_STATUS "/etcdserverpb.Maintenance/Status"
#define ETCD_PATH_ALARM  "/etcdserverpb.Maintenance/Alarm"

/* What a member says of itself. */
struct etcd_member {
	uint64_t cluster, member, term;
	uint64_t leader;  /* 0: it knows of none */
	char version[32]; /* "3.4.23" */
	int64_t db_size;  /* bytes */
	bool learner;
	bool nospace, corrupt; /* alarms that it knows of; etcd before 3.4 does not tell here */
};

/* 0, or -1 without memory. */
int etcd_encode_status(struct etcd_body *out);
bool etcd_decode_status(const uint8_t *data, size_t len, struct etcd_member *member);

/* Which alarms there are; changes nothing. */
int etcd_encode_alarms(struct etcd_body *out);

struct etcd_alarms {
	uint64_t nospace, corrupt; /* a member that has it; 0: none */
	bool any_nospace, any_corrupt;
};

bool etcd_decode_alarms(const uint8_t *data, size_t len, struct etcd_alarms *alarms);

/* How long a lease has left, and what hangs on it. */
int etcd_encode_lease_keys(struct etcd_body *out, int64_t lease);

struct etcd_lease_state {
	int64_t ttl_s;     /* seconds left; negative: there is no such lease */
	int64_t granted_s; /* seconds that it was granted for */
	size_t n_keys;     /* that hang on it */
	char other[128]; /* one of them that is not in the given list, cut to fit; "": there is none
			  */
};

/* `keys` are those that may hang on it. */
bool etcd_decode_lease_keys(const uint8_t *data, size_t len, const struct etcd_entry *keys,
		size_t n_keys, struct etcd_lease_state *state);

#endif
