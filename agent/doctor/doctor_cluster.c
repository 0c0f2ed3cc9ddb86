/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_cluster - all members are asked for their status at once. Where that
 * fails, or TLS takes part, a handshake of its own finds out why: a call does
 * not tell the dates of a certificate that it refuses.
 */
#include "agent/doctor/doctor_cluster.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/doctor/doctor_certificate.h"
#include "agent/net/etcd_maintenance_codec.h"
#include "agent/net/name_lookup.h"
#include "agent/util.h"

#define CHECK_NAME     "name"
#define CHECK_ENDPOINT "endpoint"
#define CHECK_CLUSTER  "cluster"

/* One endpoint while it is looked at. */
struct member {
	char name[ENDPOINT_TEXT_MAX];
	struct name_found *found; /* borrowed */
	struct doctor_ask ask;
	struct etcd_member status;
	char until[32]; /* how long its certificate is valid; "": no TLS */
	bool answers;   /* `status` holds */
	bool well;      /* it does its work */
};

struct look {
	struct doctor *d;
	struct doctor_cluster *c;
	const struct endpoints *endpoints;
	struct name_found *found; /* owned; of each endpoint */
	struct member *members;   /* owned; of each endpoint */
};

double doctor_cluster_timeout(const struct doctor_cluster *c)
{
	return (double)c->settings->request_timeout_ms / 1000.0;
}

/* ---- names ------------------------------------------------------------------------------ */

static bool seen_before(const struct endpoints *endpoints, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (strcmp(endpoints->at[k].host, endpoints->at[i].host) == 0) {
			return true;
		}
	}
	return false;
}

static void say_name(struct doctor *d, const char *host, const struct name_found *found)
{
	if (found->n > 0) {
		char list[300];
		name_list(found, list, sizeof list);
		doctor_find(&d->findings, CHECK_NAME, host, DOCTOR_OK, "%s (%.1fms)", list,
				found->took * 1e3);
	} else {
		doctor_find(&d->findings, CHECK_NAME, host,
				found->timeout ? NAME_TIMEOUT : NAME_UNKNOWN, "%s", found->why);
	}
}

static int look_names_up(struct look *l)
{
	if (name_lookup(l->endpoints->at, l->endpoints->n, doctor_cluster_timeout(l->c), l->found) <
			0) {
		return -1;
	}
	for (size_t i = 0; i < l->endpoints->n; i++) {
		const char *host = l->endpoints->at[i].host;
		if (!endpoint_is_address(host) && !seen_before(l->endpoints, i)) {
			say_name(l->d, host, &l->found[i]);
		}
	}
	return 0;
}

/* ---- one endpoint ----------------------------------------------------------------------- */

static void look_at_tls(const struct look *l, const struct member *m, struct tls_look *look,
		const struct tls_settings *tls, const char *host)
{
	memset(look, 0, sizeof *look);
	for (size_t i = 0; i < m->found->n && !look->connected; i++) {
		if (!tls_look(look, &m->found->at[i].at.any, m->found->at[i].len, tls, host,
				    doctor_cluster_timeout(l->c))) {
			return; /* a file of ours: the call names it */
		}
	}
}

/* What the end of a call without an answer means, TLS apart. */
static enum doctor_code code_of(enum carrier_end end)
{
	switch (end) {
	case CARRIER_REFUSED:
		return ETCD_REFUSED;
	case CARRIER_UNREACHABLE:
		return ETCD_UNREACHABLE;
	case CARRIER_TIMEOUT:
	case CARRIER_TOO_LATE:
		return ETCD_TIMEOUT;
	case CARRIER_NOT_GRPC:
	case CARRIER_TOO_LONG:
		return ETCD_NOT_ETCD;
	case CARRIER_TLS:
		return ETCD_TLS_FAILED;
	case CARRIER_BROKEN:
	case CARRIER_NO_MEMORY:
	case CARRIER_ANSWERED:
		break;
	}
	return ETCD_BROKEN;
}

/* Without TLS: it hangs up, or answers nonsense. Is it because it wants TLS? */
static enum doctor_code code_of_plain(const struct look *l, const struct member *m)
{
	struct tls_look look;

	if (m->ask.end != CARRIER_BROKEN && m->ask.end != CARRIER_NOT_GRPC) {
		return code_of(m->ask.end);
	}
	look_at_tls(l, m, &look, NULL, "localhost");
	return look.spoke                                       ? ETCD_TLS_WANTED
	       : m->ask.end == CARRIER_BROKEN && look.connected ? ETCD_NOT_ETCD
								: code_of(m->ask.end);
}

static enum doctor_code code_of_secure(const struct member *m, const struct tls_look *look)
{
	if (m->ask.end != CARRIER_TLS && m->ask.end != CARRIER_BROKEN) {
		return code_of(m->ask.end);
	}
	if (!look->connected) {
		return m->ask.end == CARRIER_TLS ? ETCD_TLS_FILES : ETCD_BROKEN;
	}
	/* Its certificate is taken, and still it hangs up: what it does not like is ours. */
	return look->asked ? ETCD_TLS_CLIENT : code_of(m->ask.end);
}

/* It speaks gRPC. */
static void judge_answer(const struct look *l, struct member *m)
{
	struct doctor_findings *f = &l->d->findings;

	if (doctor_ask_ok(&m->ask) && etcd_decode_status(m->ask.message, m->ask.len, &m->status)) {
		m->answers = true;
		m->well = m->status.leader != 0;
	} else if (m->ask.code == GRPC_UNIMPLEMENTED || m->ask.trouble == TROUBLE_NONE) {
		doctor_find(f, CHECK_ENDPOINT, m->name, ETCD_NOT_ETCD,
				"a gRPC server that is no etcd answers there");
	} else if (strstr(m->ask.text, "no leader") != NULL) {
		doctor_find(f, CHECK_ENDPOINT, m->name, ETCD_NO_LEADER,
				"this member has no leader, so it can neither read nor write");
	} else if (m->ask.trouble == TROUBLE_DENIED || m->ask.trouble == TROUBLE_TOKEN) {
		m->well = true; /* it works; it does not say how it is */
		doctor_find(f, CHECK_ENDPOINT, m->name, DOCTOR_SKIPPED,
				"etcd answers, but does not tell its status: %s", m->ask.text);
	} else {
		doctor_find(f, CHECK_ENDPOINT, m->name, ETCD_ERROR, "etcd answers %s: %s",
				grpc_code_name(m->ask.code), m->ask.text);
	}
}

static void say_status(const struct look *l, struct member *m)
{
	struct doctor_findings *f = &l->d->findings;
	const struct etcd_member *s = &m->status;

	if (!m->answers) {
		return;
	}
	if (s->leader == 0) {
		doctor_find(f, CHECK_ENDPOINT, m->name, ETCD_NO_LEADER,
				"etcd %s, and this member has no leader", s->version);
	} else if (s->learner) {
		m->well = false;
		doctor_find(f, CHECK_ENDPOINT, m->name, ETCD_LEARNER,
				"etcd %s, and this member is a learner", s->version);
	} else {
		doctor_find(f, CHECK_ENDPOINT, m->name, DOCTOR_OK, "etcd %s, %s, %.1f MB%s%s",
				s->version, s->leader == s->member ? "leader" : "follower",
				(double)s->db_size / 1e6,
				m->until[0] != '\0' ? ", certificate " : "", m->until);
	}
}

/* Nobody was there to speak TLS with. */
static bool is_away(enum carrier_end end)
{
	return end == CARRIER_REFUSED || end == CARRIER_UNREACHABLE || end == CARRIER_TIMEOUT;
}

static void judge_secure(const struct look *l, struct member *m, const struct endpoint *endpoint)
{
	struct doctor_findings *f = &l->d->findings;
	const struct tls_settings *tls = &l->c->settings->tls;
	struct tls_look look;

	if (is_away(m->ask.end)) {
		doctor_find(f, CHECK_ENDPOINT, m->name, code_of(m->ask.end), "%s", m->ask.text);
		return;
	}
	look_at_tls(l, m, &look, tls, endpoint->host);
	if (!doctor_certificate(f, &doctor_side_etcd, m->name, &look, tls, endpoint->host)) {
		return;
	}
	if (m->ask.end != CARRIER_ANSWERED) {
		doctor_find(f, CHECK_ENDPOINT, m->name, code_of_secure(m, &look), "%s",
				m->ask.text);
		return;
	}
	if (look.greeted) {
		doctor_certificate_until(&look, m->until, sizeof m->until);
	}
	judge_answer(l, m);
}

static void judge(const struct look *l, size_t i)
{
	struct member *m = &l->members[i];
	struct doctor_findings *f = &l->d->findings;

	if (m->ask.target == NULL) {
		doctor_find(f, CHECK_ENDPOINT, m->name, DOCTOR_SKIPPED, "its name has no address");
		return;
	}
	if (l->endpoints->at[i].tls) {
		judge_secure(l, m, &l->endpoints->at[i]);
	} else if (m->ask.end == CARRIER_ANSWERED) {
		judge_answer(l, m);
	} else {
		doctor_find(f, CHECK_ENDPOINT, m->name, code_of_plain(l, m), "%s", m->ask.text);
	}
	say_status(l, m);
}

/* ---- the cluster ------------------------------------------------------------------------ */

static const char *name_of(const struct look *l, uint64_t id)
{
	for (size_t i = 0; i < l->endpoints->n; i++) {
		if (l->members[i].answers && l->members[i].status.member == id) {
			return l->members[i].name;
		}
	}
	return "a member that is not listed";
}

/* The first that works is the one that is asked on. */
static void choose(const struct look *l)
{
	for (size_t i = 0; i < l->endpoints->n; i++) {
		if (l->members[i].well) {
			l->c->member = l->members[i].ask.target;
			memcpy(l->c->name, l->members[i].name, sizeof l->c->name);
			return;
		}
	}
}

static bool compare_ids(const struct look *l)
{
	const struct member *first = NULL;

	for (size_t i = 0; i < l->endpoints->n; i++) {
		const struct member *m = &l->members[i];
		if (!m->answers) {
			continue;
		}
		if (first == NULL) {
			first = m;
		} else if (m->status.cluster != first->status.cluster) {
			doctor_find(&l->d->findings, CHECK_CLUSTER, m->name, ETCD_CLUSTERS_DIFFER,
					"it belongs to cluster %" PRIx64 ", and %s to %" PRIx64,
					m->status.cluster, first->name, first->status.cluster);
			return false;
		}
	}
	return true;
}

/* What the members say of themselves, and what one of them says of all. */
static struct etcd_alarms gather_alarms(const struct look *l)
{
	struct etcd_alarms alarms = { 0 };
	struct doctor_ask ask;
	struct etcd_body body = { NULL, 0 };

	(void)etcd_encode_alarms(&body);
	doctor_cluster_ask(l->d, l->c, &ask, ETCD_PATH_ALARM, body);
	if (doctor_ask_ok(&ask)) {
		(void)etcd_decode_alarms(ask.message, ask.len, &alarms);
	}
	doctor_ask_finish(&ask);
	for (size_t i = 0; i < l->endpoints->n; i++) {
		const struct etcd_member *s = &l->members[i].status;
		if (s->nospace && !alarms.any_nospace) {
			alarms.any_nospace = true;
			alarms.nospace = s->member;
		}
		if (s->corrupt && !alarms.any_corrupt) {
			alarms.any_corrupt = true;
			alarms.corrupt = s->member;
		}
	}
	return alarms;
}

static void check_cluster(const struct look *l)
{
	struct doctor_findings *f = &l->d->findings;

	if (l->c->member == NULL) {
		doctor_find(f, CHECK_CLUSTER, "", DOCTOR_SKIPPED,
				"there is no member that does its work");
		return;
	}
	bool one = compare_ids(l);
	struct etcd_alarms alarms = gather_alarms(l);
	l->c->frozen = alarms.any_nospace || alarms.any_corrupt;
	if (alarms.any_nospace) {
		doctor_find(f, CHECK_CLUSTER, name_of(l, alarms.nospace), ETCD_ALARM_NOSPACE,
				"its database is full: leases are renewed, but nothing is written");
	}
	if (alarms.any_corrupt) {
		doctor_find(f, CHECK_CLUSTER, name_of(l, alarms.corrupt), ETCD_ALARM_CORRUPT,
				"its data is corrupt: nothing is written any more");
	}
	if (one && !alarms.any_nospace && !alarms.any_corrupt) {
		doctor_find(f, CHECK_CLUSTER, "", DOCTOR_OK, "one cluster, no alarm");
	}
}

/* ---- all of it -------------------------------------------------------------------------- */

static int ask_all(struct look *l)
{
	size_t n = l->endpoints->n;
	struct doctor_ask *asks = calloc(n, sizeof *asks);
	int result = asks == NULL ? -1 : 0;

	for (size_t i = 0; result == 0 && i < n; i++) {
		const struct endpoint *endpoint = &l->endpoints->at[i];
		asks[i].path = ETCD_PATH_STATUS;
		asks[i].token = "";
		if (l->found[i].n > 0) {
			asks[i].target = carrier_target(
					l->d->carrier, endpoint, &l->c->settings->tls);
			result = asks[i].target == NULL ? -1 : etcd_encode_status(&asks[i].body);
		}
	}
	if (result == 0) {
		doctor_ask_all(l->d, asks, n, doctor_cluster_timeout(l->c));
	}
	for (size_t i = 0; asks != NULL && i < n; i++) {
		l->members[i].ask = asks[i]; /* they have ended: nothing points to them */
	}
	free(asks);
	return result;
}

static int look_at_all(struct look *l)
{
	if (look_names_up(l) < 0 || ask_all(l) < 0) {
		return -1;
	}
	for (size_t i = 0; i < l->endpoints->n; i++) {
		const struct endpoint *endpoint = &l->endpoints->at[i];
		endpoint_format(l->members[i].name, sizeof l->members[i].name, endpoint->host,
				endpoint->port);
		l->members[i].found = &l->found[i];
		judge(l, i);
	}
	if (l->c->settings->tls.on) {
		doctor_certificate_own(&l->d->findings, &l->c->settings->tls);
	}
	choose(l);
	check_cluster(l);
	return 0;
}

int doctor_cluster_check(struct doctor *d, struct doctor_cluster *c)
{
	const struct endpoints *endpoints = &c->settings->endpoints;
	struct look l = {
		.d = d,
		.c = c,
		.endpoints = endpoints,
		.found = calloc(endpoints->n, sizeof *l.found),
		.members = calloc(endpoints->n, sizeof *l.members),
	};
	int result = l.found == NULL || l.members == NULL ? -1 : look_at_all(&l);

	for (size_t i = 0; l.members != NULL && i < endpoints->n; i++) {
		doctor_ask_finish(&l.members[i].ask);
	}
	free(l.members);
	free(l.found);
	return result;
}

void doctor_cluster_ask(struct doctor *d, const struct doctor_cluster *c, struct doctor_ask *ask,
		const char *path, struct etcd_body body)
{
	memset(ask, 0, sizeof *ask);
	ask->target = c->member;
	ask->path = path;
	ask->token = c->token == NULL ? "" : c->token;
	ask->body = body;
	doctor_ask_all(d, ask, 1, doctor_cluster_timeout(c));
}

void doctor_cluster_finish(struct doctor_cluster *c)
{
	if (c->token != NULL) {
		explicit_bzero(c->token, strlen(c->token));
	}
	free(c->token);
	memset(c, 0, sizeof *c);
}
