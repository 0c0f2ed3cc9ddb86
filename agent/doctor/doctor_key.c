/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/doctor/doctor_key.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/instance.h"
#include "agent/known.h"
#include "agent/net/etcd_key_codec.h"
#include "agent/net/etcd_maintenance_codec.h"
#include "agent/net/etcd_read_codec.h"

#define CHECK_KEY    "key"
#define CHECK_PREFIX "prefix"

#define SHOWN 256 /* keys of a prefix that are looked at */
#define NAMED 8   /* of those without a lease, the ones that are named */

/* ---- one key ---------------------------------------------------------------------------- */

/* What is asked about one key. */
struct subject {
	struct doctor *d;
	const struct doctor_cluster *c;
	const struct descriptor *desc;
	const struct entries *entries; /* of the whole descriptor: they share one lease */
	const char *key;
	const struct etcd_key *seen;
};

static void say_lease(const struct subject *s, const struct etcd_lease_state *lease)
{
	struct doctor_findings *f = &s->d->findings;
	int64_t ttl_s = s->desc->registry.ttl_ms / 1000, id = s->seen->lease;

	if (lease->ttl_s <= 0) {
		doctor_find(f, CHECK_KEY, s->key, KEY_LEASE_GONE,
				"it hangs on lease %" PRIx64 ", which has ended", (uint64_t)id);
	} else if (lease->other[0] != '\0') {
		doctor_find(f, CHECK_KEY, s->key, KEY_FOREIGN_LEASE,
				"it hangs on lease %" PRIx64
				", and so does %s, which this descriptor does not register",
				(uint64_t)id, lease->other);
	} else if (lease->granted_s < ttl_s) {
		doctor_find(f, CHECK_KEY, s->key, KEY_FOREIGN_LEASE,
				"it hangs on lease %" PRIx64 " of %" PRId64
				"s, and this descriptor's would have %" PRId64 "s",
				(uint64_t)id, lease->granted_s, ttl_s);
	} else {
		doctor_find(f, CHECK_KEY, s->key, DOCTOR_OK,
				"it hangs on lease %" PRIx64 ", which has %" PRId64 "s of %" PRId64
				"s left",
				(uint64_t)id, lease->ttl_s, lease->granted_s);
	}
}

static void check_lease(const struct subject *s)
{
	struct etcd_body body = { NULL, 0 };
	struct doctor_ask ask;
	struct etcd_lease_state lease;

	(void)etcd_encode_lease_keys(&body, s->seen->lease);
	doctor_cluster_ask(s->d, s->c, &ask, ETCD_PATH_TIME_TO_LIVE, body);
	if (doctor_ask_ok(&ask) && etcd_decode_lease_keys(ask.message, ask.len, s->entries->at,
						   s->entries->n, &lease)) {
		say_lease(s, &lease);
	} else if (ask.trouble == TROUBLE_DENIED) {
		doctor_find(&s->d->findings, CHECK_KEY, s->key, KEY_FOREIGN_LEASE,
				"it hangs on lease %" PRIx64
				", with keys that this user may not see",
				(uint64_t)s->seen->lease);
	} else {
		doctor_find(&s->d->findings, CHECK_KEY, s->key, DOCTOR_SKIPPED,
				"it hangs on lease %" PRIx64 ", of which etcd tells nothing: %s",
				(uint64_t)s->seen->lease, ask.text);
	}
	doctor_ask_finish(&ask);
}

static void check_one(const struct subject *s, bool well)
{
	struct doctor_findings *f = &s->d->findings;

	if (!s->seen->present) {
		doctor_find(f, CHECK_KEY, s->key, well ? KEY_ABSENT : DOCTOR_OK,
				well ? "it is not there, although the service is well"
				     : "it is not there, as the service is not well");
		return;
	}
	if (!s->seen->same_value) {
		doctor_find(f, CHECK_KEY, s->key, KEY_OTHER_VALUE,
				"its value is not the one that this descriptor writes");
	}
	if (s->seen->lease == 0) {
		doctor_find(f, CHECK_KEY, s->key, KEY_NO_LEASE, "it hangs on no lease");
	} else {
		check_lease(s);
	}
}

void doctor_key_check(struct doctor *d, const struct doctor_cluster *c,
		const struct descriptor *desc, const struct entries *entries, bool well)
{
	struct etcd_key seen[N_FORMATS];
	struct etcd_body body = { NULL, 0 };
	struct doctor_ask ask;

	if (!c->usable) {
		doctor_find(&d->findings, CHECK_KEY, entries->at[0].key, DOCTOR_SKIPPED,
				"etcd cannot be asked as the user");
		return;
	}
	(void)etcd_encode_read_all(&body, entries->at, entries->n);
	doctor_cluster_ask(d, c, &ask, ETCD_PATH_TXN, body);
	if (ask.trouble == TROUBLE_DENIED) {
		doctor_find(&d->findings, CHECK_KEY, entries->at[0].key, DOCTOR_SKIPPED,
				"it may not be read");
	} else if (doctor_user_answered(d, c, &ask, CHECK_KEY, entries->at[0].key) &&
			etcd_decode_read_all(ask.message, ask.len, entries->at, entries->n, seen)) {
		for (size_t i = 0; i < entries->n; i++) {
			const struct subject s = { d, c, desc, entries, entries->at[i].key,
				&seen[i] };
			check_one(&s, well);
		}
	}
	doctor_ask_finish(&ask);
}

/* ---- a prefix --------------------------------------------------------------------------- */

static void say_broken(struct doctor *d, const struct etcd_kv *kv, const struct err *err)
{
	char *key = known_key(kv);

	doctor_find(&d->findings, CHECK_PREFIX, key == NULL ? "" : key, KEY_UNREADABLE,
			"it is no instance: %s", err->text);
	free(key);
}

static bool is_among(const struct entries *own, const char *key)
{
	for (size_t i = 0; own != NULL && i < own->n; i++) {
		if (strcmp(own->at[i].key, key) == 0) {
			return true;
		}
	}
	return false;
}

/* What somebody has left behind, and etcd will never remove. */
static void say_leaseless(struct doctor *d, const char *prefix, const struct entries *own,
		const struct etcd_page *page)
{
	size_t n = 0;

	for (size_t i = 0; i < page->n; i++) {
		char *key = page->kvs[i].lease == 0 ? known_key(&page->kvs[i]) : NULL;
		if (key != NULL && !is_among(own, key)) {
			n++;
			if (n <= NAMED) {
				doctor_find(&d->findings, CHECK_PREFIX, key, KEY_NO_LEASE,
						"it hangs on no lease");
			}
		}
		free(key);
	}
	if (n > NAMED) {
		doctor_find(&d->findings, CHECK_PREFIX, prefix, KEY_NO_LEASE,
				"%zu more key%s on no lease", n - NAMED,
				n - NAMED == 1 ? " hangs" : "s hang");
	}
}

/* Their addresses, as many as there is room for, and how many more there are. */
static void list_addresses(char *out, size_t size, const struct instances *live)
{
	const size_t more = sizeof ", and 18446744073709551615 more";
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < live->n; i++) {
		char address[ENDPOINT_TEXT_MAX];
		endpoint_format(address, sizeof address, live->at[i]->host, live->at[i]->port);
		if (len + strlen(address) + 2 + more > size) {
			(void)snprintf(out + len, size - len, "%s%zu more", i > 0 ? ", and " : ": ",
					live->n - i);
			return;
		}
		len += (size_t)snprintf(
				out + len, size - len, "%s%s", i > 0 ? ", " : ": ", address);
	}
}

static void say_prefix(struct doctor *d, const char *prefix, const struct entries *own,
		const struct etcd_page *page, const struct instances *live)
{
	char list[400], part[64] = "";

	if (page->count == 0) {
		doctor_find(&d->findings, CHECK_PREFIX, prefix,
				own == NULL ? PREFIX_EMPTY : DOCTOR_OK, "nothing is listed");
		return;
	}
	if ((uint64_t)page->count > page->n) {
		(void)snprintf(part, sizeof part,
				", the first %zu of which were looked at:", page->n);
	}
	list_addresses(list, sizeof list, live);
	doctor_find(&d->findings, CHECK_PREFIX, prefix, DOCTOR_OK,
			"%" PRId64 " key%s%s %zu instance%s%s", page->count,
			page->count == 1 ? "" : "s", part[0] != '\0' ? part : ",", live->n,
			live->n == 1 ? "" : "s", list);
}

static void look_through(struct doctor *d, enum format format, const char *prefix,
		const struct entries *own, const struct etcd_page *page)
{
	struct known known = { .live = { 0 } };

	for (size_t i = 0; i < page->n; i++) {
		struct err err = { 0 };
		struct known_put put = known_put(&known, &known, format, &page->kvs[i], &err);
		if (put.failed || put.skipped) {
			say_broken(d, &page->kvs[i], &err);
		}
	}
	say_leaseless(d, prefix, own, page);
	say_prefix(d, prefix, own, page, &known.live);
	known_finish(&known);
}

static void read_prefix(struct doctor *d, const struct doctor_cluster *c, enum format format,
		const char *prefix, const struct entries *own)
{
	const struct etcd_scope scope = { .prefix = prefix, .limit = SHOWN };
	struct etcd_body body = { NULL, 0 };
	struct doctor_ask ask;
	struct etcd_page page;

	(void)etcd_encode_scope(&body, &scope);
	doctor_cluster_ask(d, c, &ask, ETCD_PATH_RANGE, body);
	if (own != NULL && ask.trouble == TROUBLE_DENIED) {
		doctor_find(&d->findings, CHECK_PREFIX, prefix, DOCTOR_SKIPPED,
				"it may not be read as a whole");
	} else if (doctor_user_answered(d, c, &ask, CHECK_PREFIX, prefix) &&
			etcd_decode_page(ask.message, ask.len, &page)) {
		look_through(d, format, prefix, own, &page);
		etcd_page_free(&page);
	}
	doctor_ask_finish(&ask);
}

void doctor_prefix_check(struct doctor *d, const struct doctor_cluster *c, enum format format,
		const char *prefix, const char *service, const struct entries *own)
{
	char *whole = format_prefix(format, prefix, service);

	if (whole == NULL) {
		d->findings.lost = true;
	} else if (!c->usable) {
		doctor_find(&d->findings, CHECK_PREFIX, whole, DOCTOR_SKIPPED,
				"etcd cannot be asked as the user");
	} else {
		read_prefix(d, c, format, whole, own);
	}
	free(whole);
}
