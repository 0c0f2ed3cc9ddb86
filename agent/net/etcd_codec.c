/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/etcd_codec.h"

#include <assert.h>
#include <etcd.pb-c.h>
#include <stdlib.h>
#include <string.h>

#include "agent/net/grpc_frame.h"
#include "agent/net/scratch.h"

#define HEADER_TAG 0x0a /* field 1, a message: the header of every answer */

/* Appends one framed message; `message` begins with its ProtobufCMessage base. */
static void append(struct etcd_body *body, const ProtobufCMessage *message, size_t size)
{
	grpc_prefix(body->at + body->len, (uint32_t)size);
	(void)protobuf_c_message_pack(message, body->at + body->len + GRPC_PREFIX);
	body->len += GRPC_PREFIX + size;
}

void etcd_body_free(struct etcd_body *body)
{
	if (body->at != NULL) {
		explicit_bzero(body->at, body->len);
	}
	free(body->at);
	*body = (struct etcd_body){ NULL, 0 };
}

int etcd_encode_message(struct etcd_body *out, const void *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	struct etcd_body body = { .at = malloc(GRPC_PREFIX + size) };

	if (body.at == NULL) {
		return -1;
	}
	append(&body, message, size);
	*out = body;
	return 0;
}

int etcd_encode_grant(struct etcd_body *out, int64_t ttl_s)
{
	Etcdserverpb__LeaseGrantRequest m = ETCDSERVERPB__LEASE_GRANT_REQUEST__INIT;

	m.ttl = ttl_s;
	return etcd_encode_message(out, &m.base);
}

int etcd_encode_revoke(struct etcd_body *out, int64_t lease)
{
	Etcdserverpb__LeaseRevokeRequest m = ETCDSERVERPB__LEASE_REVOKE_REQUEST__INIT;

	m.id = lease;
	return etcd_encode_message(out, &m.base);
}

int etcd_encode_keep_alive(struct etcd_body *out, const int64_t *leases, size_t n)
{
	Etcdserverpb__LeaseKeepAliveRequest m = ETCDSERVERPB__LEASE_KEEP_ALIVE_REQUEST__INIT;
	struct etcd_body body = { NULL, 0 };
	size_t size = 0;

	for (size_t i = 0; i < n; i++) {
		m.id = leases[i];
		size += GRPC_PREFIX + protobuf_c_message_get_packed_size(&m.base);
	}
	assert(size > 0); /* there is at least one lease */
	body.at = malloc(size);
	if (body.at == NULL) {
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		m.id = leases[i];
		append(&body, &m.base, protobuf_c_message_get_packed_size(&m.base));
	}
	*out = body;
	return 0;
}

/* protobuf-c has no const bytes; it only reads them. */
static ProtobufCBinaryData bytes(const char *text)
{
	union {
		const char *in;
		uint8_t *out;
	} pun = { .in = text };

	return (ProtobufCBinaryData){ .len = strlen(text), .data = pun.out };
}

int etcd_encode_range(struct etcd_body *out, const char *key)
{
	Etcdserverpb__RangeRequest m = ETCDSERVERPB__RANGE_REQUEST__INIT;

	m.key = bytes(key);
	return etcd_encode_message(out, &m.base);
}

/* The parts of a transaction over several keys; what points to what is set by fill(). */
struct txn {
	Etcdserverpb__Compare compare[ETCD_ENTRIES_MAX];
	Etcdserverpb__PutRequest put[ETCD_ENTRIES_MAX];
	Etcdserverpb__RangeRequest range[ETCD_ENTRIES_MAX];
	Etcdserverpb__RequestOp put_op[ETCD_ENTRIES_MAX], range_op[ETCD_ENTRIES_MAX];
	Etcdserverpb__Compare *compares[ETCD_ENTRIES_MAX];
	Etcdserverpb__RequestOp *puts[ETCD_ENTRIES_MAX], *ranges[ETCD_ENTRIES_MAX];
};

static void add_range(struct txn *t, size_t i, const struct etcd_entry *entry)
{
	etcdserverpb__range_request__init(&t->range[i]);
	etcdserverpb__request_op__init(&t->range_op[i]);
	t->range[i].key = bytes(entry->key);
	t->range_op[i].request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_RANGE;
	t->range_op[i].request_range = &t->range[i];
	t->ranges[i] = &t->range_op[i];
}

static void add_put(struct txn *t, size_t i, const struct etcd_entry *entry, int64_t lease)
{
	etcdserverpb__put_request__init(&t->put[i]);
	etcdserverpb__request_op__init(&t->put_op[i]);
	t->put[i].key = bytes(entry->key);
	t->put[i].value = bytes(entry->value);
	t->put[i].lease = lease;
	t->put_op[i].request_case = ETCDSERVERPB__REQUEST_OP__REQUEST_REQUEST_PUT;
	t->put_op[i].request_put = &t->put[i];
	t->puts[i] = &t->put_op[i];
}

static void set_guard(Etcdserverpb__Compare *compare, const char *key, int64_t mod_revision)
{
	etcdserverpb__compare__init(compare);
	compare->key = bytes(key);
	compare->target = ETCDSERVERPB__COMPARE__COMPARE_TARGET__MOD;
	compare->target_union_case = ETCDSERVERPB__COMPARE__TARGET_UNION_MOD_REVISION;
	compare->mod_revision = mod_revision; /* a key that is not there has 0 */
}

static void add_guard(struct txn *t, size_t i, const struct etcd_entry *entry, int64_t mod_revision)
{
	set_guard(&t->compare[i], entry->key, mod_revision);
	t->compares[i] = &t->compare[i];
}

int etcd_encode_compare(struct etcd_body *out, const struct etcd_guard *guards, size_t n)
{
	Etcdserverpb__TxnRequest m = ETCDSERVERPB__TXN_REQUEST__INIT;
	Etcdserverpb__Compare compare[ETCD_GUARDS_MAX], *compares[ETCD_GUARDS_MAX];

	assert(n > 0 && n <= ETCD_GUARDS_MAX);
	for (size_t i = 0; i < n; i++) {
		set_guard(&compare[i], guards[i].key, guards[i].mod_revision);
		compares[i] = &compare[i];
	}
	m.n_compare = n;
	m.compare = compares;
	return etcd_encode_message(out, &m.base);
}

int etcd_encode_read_all(struct etcd_body *out, const struct etcd_entry *entries, size_t n)
{
	Etcdserverpb__TxnRequest m = ETCDSERVERPB__TXN_REQUEST__INIT;
	struct txn t;

	assert(n > 0 && n <= ETCD_ENTRIES_MAX);
	for (size_t i = 0; i < n; i++) {
		add_range(&t, i, &entries[i]);
	}
	m.n_success = n;
	m.success = t.ranges;
	return etcd_encode_message(out, &m.base);
}

int etcd_encode_put_if(struct etcd_body *out, const struct etcd_entry *entries, size_t n,
		const int64_t *mod_revisions, int64_t lease)
{
	Etcdserverpb__TxnRequest m = ETCDSERVERPB__TXN_REQUEST__INIT;
	struct txn t;

	assert(n > 0 && n <= ETCD_ENTRIES_MAX);
	for (size_t i = 0; i < n; i++) {
		add_guard(&t, i, &entries[i], mod_revisions[i]);
		add_put(&t, i, &entries[i], lease);
		add_range(&t, i, &entries[i]);
	}
	m.n_compare = m.n_success = m.n_failure = n;
	m.compare = t.compares;
	m.success = t.puts;
	m.failure = t.ranges;
	return etcd_encode_message(out, &m.base);
}

/* protobuf-c has no const text either. */
static char *text(const char *in)
{
	return (char *)bytes(in).data;
}

int etcd_encode_log_in(struct etcd_body *out, const char *name, const char *password)
{
	Etcdserverpb__AuthenticateRequest m = ETCDSERVERPB__AUTHENTICATE_REQUEST__INIT;

	m.name = text(name);
	m.password = text(password);
	return etcd_encode_message(out, &m.base);
}

bool etcd_decode_grant(const uint8_t *data, size_t len, struct etcd_granted *granted)
{
	struct ration ration;

	ration_init(&ration, len);
	Etcdserverpb__LeaseGrantResponse *m =
			etcdserverpb__lease_grant_response__unpack(&ration.allocator, len, data);

	if (m == NULL) {
		return false;
	}
	granted->lease = m->id;
	granted->ttl_s = m->ttl;
	granted->revision = m->header == NULL ? 0 : m->header->revision;
	bool granted_it = m->error[0] == '\0';
	etcdserverpb__lease_grant_response__free_unpacked(m, NULL);
	return granted_it && granted->lease > 0 && granted->ttl_s > 0;
}

struct cluster_mark etcd_mark_of(const void *header)
{
	const Etcdserverpb__ResponseHeader *h = header;

	if (h == NULL) {
		return (struct cluster_mark){ .cluster = 0 };
	}
	return (struct cluster_mark){ .cluster = h->cluster_id,
		.term = h->raft_term,
		.revision = h->revision,
		.member = h->member_id };
}

bool etcd_decode_keep_alive(const uint8_t *data, size_t len, struct etcd_renewed *renewed)
{
	struct scratch scratch;

	scratch_init(&scratch); /* one of these comes with every renewal */
	Etcdserverpb__LeaseKeepAliveResponse *m = etcdserverpb__lease_keep_alive_response__unpack(
			&scratch.allocator, len, data);
	if (m == NULL) {
		return false;
	}
	*renewed = (struct etcd_renewed){
		.lease = m->id, .ttl_s = m->ttl > 0 ? m->ttl : 0, .at = etcd_mark_of(m->header)
	};
	etcdserverpb__lease_keep_alive_response__free_unpacked(m, &scratch.allocator);
	return true;
}

/* It goes into a header: etcd makes it of letters, digits and a few signs. */
static bool is_token(const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (*at <= ' ' || *at > '~') {
			return false;
		}
	}
	return text[0] != '\0';
}

bool etcd_decode_log_in(const uint8_t *data, size_t len, char **token)
{
	struct ration ration;

	ration_init(&ration, len);
	Etcdserverpb__AuthenticateResponse *m =
			etcdserverpb__authenticate_response__unpack(&ration.allocator, len, data);

	if (m == NULL) {
		return false;
	}
	bool readable = is_token(m->token);
	*token = readable ? strdup(m->token) : NULL;
	explicit_bzero(m->token, strlen(m->token));
	etcdserverpb__authenticate_response__free_unpacked(m, NULL);
	return *token != NULL;
}

bool etcd_decode_revoked(const uint8_t *data, size_t len)
{
	struct ration ration;

	ration_init(&ration, len);
	Etcdserverpb__AnyResponse *m =
			etcdserverpb__any_response__unpack(&ration.allocator, len, data);
	if (m == NULL) {
		return false;
	}
	etcdserverpb__any_response__free_unpacked(m, NULL);
	return true;
}

/*
 * How much of a message its header takes, which comes first in all answers of etcd: what is behind
 * it may be a page of keys, and would be copied only to be thrown away.
 */
static size_t header_length(const uint8_t *message, size_t len)
{
	size_t at = 1, n = 0;

	if (len == 0 || message[0] != HEADER_TAG) {
		return 0;
	}
	for (unsigned shift = 0; at < len && shift < 28; shift += 7) {
		uint8_t part = message[at++];
		n |= (size_t)(part & 0x7f) << shift;
		if ((part & 0x80) == 0) {
			return n <= len - at ? at + n : 0;
		}
	}
	return 0;
}

void etcd_decode_mark(const uint8_t *body, size_t len, struct cluster_mark *mark)
{
	struct scratch scratch;
	const uint8_t *message;
	size_t size;

	memset(mark, 0, sizeof *mark);
	if (!grpc_next_message(&body, &len, &message, &size)) {
		return;
	}
	scratch_init(&scratch); /* this is done with every answer */
	Etcdserverpb__AnyResponse *m = etcdserverpb__any_response__unpack(
			&scratch.allocator, header_length(message, size), message);
	if (m != NULL) {
		*mark = etcd_mark_of(m->header);
		etcdserverpb__any_response__free_unpacked(m, &scratch.allocator);
	}
}

bool etcd_renewals_say_gone(const uint8_t *body, size_t len)
{
	const uint8_t *message;
	size_t size;
	struct etcd_renewed renewed = { .ttl_s = 1 };

	while (renewed.ttl_s != 0 && grpc_next_message(&body, &len, &message, &size)) {
		if (!etcd_decode_keep_alive(message, size, &renewed)) {
			return false;
		}
	}
	return renewed.ttl_s == 0;
}
