/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/etcd_maintenance_codec.h"

#include <etcd.pb-c.h>
#include <stdio.h>
#include <string.h>

int etcd_encode_status(struct etcd_body *out)
{
	Etcdserverpb__StatusRequest m = ETCDSERVERPB__STATUS_REQUEST__INIT;

	return etcd_encode_message(out, &m.base);
}

/* Alarms stand among the errors as "memberID:1234 alarm:NOSPACE ". */
static void note_error(struct etcd_member *member, const char *text)
{
	member->nospace = member->nospace || strstr(text, "alarm:NOSPACE") != NULL;
	member->corrupt = member->corrupt || strstr(text, "alarm:CORRUPT") != NULL;
}

bool etcd_decode_status(const uint8_t *data, size_t len, struct etcd_member *member)
{
	Etcdserverpb__StatusResponse *m = etcdserverpb__status_response__unpack(NULL, len, data);

	memset(member, 0, sizeof *member);
	if (m == NULL) {
		return false;
	}
	bool readable = m->header != NULL && m->header->cluster_id != 0;
	if (readable) {
		member->cluster = m->header->cluster_id;
		member->member = m->header->member_id;
		member->term = m->header->raft_term;
	}
	member->leader = m->leader;
	(void)snprintf(member->version, sizeof member->version, "%s", m->version);
	member->db_size = m->dbsize;
	member->learner = m->islearner;
	for (size_t i = 0; i < m->n_errors; i++) {
		note_error(member, m->errors[i]);
	}
	etcdserverpb__status_response__free_unpacked(m, NULL);
	return readable;
}

int etcd_encode_alarms(struct etcd_body *out)
{
	Etcdserverpb__AlarmRequest m = ETCDSERVERPB__ALARM_REQUEST__INIT;

	return etcd_encode_message(out, &m.base); /* zeroes: get, of all members, of every kind */
}

bool etcd_decode_alarms(const uint8_t *data, size_t len, struct etcd_alarms *alarms)
{
	Etcdserverpb__AlarmResponse *m = etcdserverpb__alarm_response__unpack(NULL, len, data);

	memset(alarms, 0, sizeof *alarms);
	if (m == NULL) {
		return false;
	}
	for (size_t i = 0; i < m->n_alarms; i++) {
		int kind = (int)m->alarms[i]->alarm; /* a newer etcd may know more of them */
		if (kind == ETCDSERVERPB__ALARM_TYPE__NOSPACE) {
			alarms->any_nospace = true;
			alarms->nospace = m->alarms[i]->memberid;
		} else if (kind == ETCDSERVERPB__ALARM_TYPE__CORRUPT) {
			alarms->any_corrupt = true;
			alarms->corrupt = m->alarms[i]->memberid;
		}
	}
	etcdserverpb__alarm_response__free_unpacked(m, NULL);
	return true;
}

int etcd_encode_lease_keys(struct etcd_body *out, int64_t lease)
{
	Etcdserverpb__LeaseTimeToLiveRequest m = ETCDSERVERPB__LEASE_TIME_TO_LIVE_REQUEST__INIT;

	m.id = lease;
	m.keys = true;
	return etcd_encode_message(out, &m.base);
}

static bool is_listed(const ProtobufCBinaryData *key, const struct etcd_entry *keys, size_t n_keys)
{
	for (size_t i = 0; i < n_keys; i++) {
		if (strlen(keys[i].key) == key->len &&
				memcmp(keys[i].key, key->data, key->len) == 0) {
			return true;
		}
	}
	return false;
}

bool etcd_decode_lease_keys(const uint8_t *data, size_t len, const struct etcd_entry *keys,
		size_t n_keys, struct etcd_lease_state *state)
{
	Etcdserverpb__LeaseTimeToLiveResponse *m =
			etcdserverpb__lease_time_to_live_response__unpack(NULL, len, data);

	memset(state, 0, sizeof *state);
	if (m == NULL) {
		return false;
	}
	state->ttl_s = m->ttl;
	state->granted_s = m->grantedttl;
	state->n_keys = m->n_keys;
	for (size_t i = 0; i < m->n_keys && state->other[0] == '\0'; i++) {
		if (m->keys[i].len > 0 && !is_listed(&m->keys[i], keys, n_keys)) {
			(void)snprintf(state->other, sizeof state->other, "%.*s",
					(int)(m->keys[i].len < 100 ? m->keys[i].len : 100),
					(const char *)m->keys[i].data);
		}
	}
	etcdserverpb__lease_time_to_live_response__free_unpacked(m, NULL);
	return true;
}
