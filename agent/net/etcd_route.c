/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/etcd_route.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/util.h"

/* Not worth a try of its own at the end of a deadline, seconds. */
#define LEAST_TRY 0.02

/* Between two sentences about an endpoint of another cluster, seconds. */
#define FOREIGN_EVERY 60.0

int etcd_route_init(struct etcd_route *route, struct carrier *carrier,
		const struct etcd_settings *settings, struct random *random,
		struct etcd_notice *notice)
{
	const struct endpoints *endpoints = &settings->endpoints;

	memset(route, 0, sizeof *route);
	route->carrier = carrier;
	route->endpoints = endpoints;
	route->user = settings->username;
	route->notice = notice;
	route->targets = calloc(endpoints->n, sizeof(struct carrier_target *));
	if (route->targets == NULL) {
		return -1;
	}
	for (size_t i = 0; i < endpoints->n; i++) {
		route->targets[i] = carrier_target(carrier, &endpoints->at[i], &settings->tls);
		if (route->targets[i] == NULL) {
			goto fail; /* targets made so far belong to the carrier */
		}
	}
	if (endpoint_ring_init(&route->ring, (unsigned)endpoints->n, random) < 0 ||
			cluster_view_init(&route->view, (unsigned)endpoints->n) < 0) {
		goto fail;
	}
	return 0;
fail:
	etcd_route_finish(route);
	return -1;
}

void etcd_route_finish(struct etcd_route *route)
{
	cluster_view_finish(&route->view);
	endpoint_ring_finish(&route->ring);
	free(route->targets);
	memset(route, 0, sizeof *route);
}

static void on_carried(struct carrier_request *carried, const struct carrier_answer *ended);

/* Beside an endpoint: each of the others once, and then that one. */
static unsigned choose(const struct route_request *r)
{
	const struct endpoint_ring *ring = &r->route->ring;

	if (!r->call.beside) {
		return endpoint_ring_current(ring);
	}
	if (r->tries + 1 >= ring->n) {
		return r->call.endpoint;
	}
	return r->tries == 0 ? endpoint_ring_beside(ring, r->call.endpoint)
			     : endpoint_ring_after(ring, r->endpoint, r->call.endpoint);
}

static bool is_renewal(const struct route_request *r)
{
	return strcmp(r->call.path, ETCD_PATH_KEEP_ALIVE) == 0;
}

static void send_on(struct route_request *r)
{
	struct etcd_route *route = r->route;

	r->endpoint = choose(r);
	r->floor = cluster_view_floor(&route->view);
	r->tries++;
	r->sent_at = clock_now();
	struct carrier_call call = {
		.path = r->call.path,
		.token = r->call.token,
		.body = r->call.body->at,
		.len = r->call.body->len,
		.deadline = r->call.deadline,
		.answers_each = is_renewal(r),
	};
	carrier_start(route->carrier, &r->carried, route->targets[r->endpoint], &call, on_carried);
}

/* ---- is it to be believed -------------------------------------------------------- */

/*
 * A renewal does not go through raft, but to say that a lease is gone is grave. All its answers
 * are read for that only where it matters.
 */
static enum view_proof proof_of(const struct route_request *r, const struct carrier_answer *answer,
		const struct cluster_mark *seen)
{
	return is_renewal(r) && cluster_mark_lags(seen, &r->floor) &&
					       !etcd_renewals_say_gone(answer->body, answer->len)
			       ? PROOF_TERM
			       : PROOF_FULL;
}

static void say_foreign(struct etcd_route *route, const char *sentence)
{
	double now = clock_now();

	if (route->said_at <= 0.0 || now - route->said_at >= FOREIGN_EVERY) {
		route->said_at = now;
		route->notice->say(route->notice, sentence);
	}
}

bool etcd_route_believes(struct etcd_route *route, unsigned endpoint,
		const struct cluster_floor *floor, const struct cluster_mark *seen,
		enum view_proof proof, char *sentence, size_t size)
{
	const struct endpoint *at = &route->endpoints->at[endpoint];
	struct cluster_mark known = route->view.known;
	char name[ENDPOINT_TEXT_MAX];

	switch (cluster_view_judge(&route->view, endpoint, floor, seen, proof, clock_now())) {
	case VIEW_FINE:
		return true;
	case VIEW_BEHIND:
		endpoint_format(name, sizeof name, at->host, at->port);
		(void)snprintf(sentence, size,
				"etcd at %s is behind the others (term %" PRIu64
				", revision %" PRId64 "; they were at %" PRIu64 ", %" PRId64
				"): not believed",
				name, seen->term, seen->revision, known.term, known.revision);
		return false;
	case VIEW_FOREIGN:
		endpoint_format(name, sizeof name, at->host, at->port);
		(void)snprintf(sentence, size,
				"etcd at %s belongs to another cluster (id %" PRIx64
				", it was %" PRIx64 "): not believed",
				name, seen->cluster, known.cluster);
		say_foreign(route, sentence);
		return false;
	case VIEW_RENEWED:
		(void)snprintf(sentence, size,
				"etcd was made anew or restored: it is cluster %" PRIx64
				" at revision %" PRId64 " now, and was %" PRIx64
				" at revision %" PRId64,
				seen->cluster, seen->revision, known.cluster, known.revision);
		route->notice->say(route->notice, sentence);
		return true;
	}
	return false;
}

/*
 * An error has no header, and no answer at all says nothing that could be believed. Each answer
 * of etcd has one; where none ever had, there is nothing to compare it with.
 */
static bool is_nameless(const struct route_request *r, const struct carrier_answer *answer)
{
	return r->route->view.known.cluster != 0 && answer->len > 0 &&
	       answer->end == CARRIER_ANSWERED && answer->status->code == GRPC_OK;
}

static const char *name_of(
		const struct etcd_route *route, unsigned endpoint, char name[ENDPOINT_TEXT_MAX])
{
	const struct endpoint *at = &route->endpoints->at[endpoint];

	endpoint_format(name, ENDPOINT_TEXT_MAX, at->host, at->port);
	return name;
}

static bool believable(struct route_request *r, const struct carrier_answer *answer, char *sentence,
		size_t size)
{
	struct cluster_mark seen;

	etcd_decode_mark(answer->body, answer->len, &seen);
	if (seen.cluster == 0 && is_nameless(r, answer)) {
		char name[ENDPOINT_TEXT_MAX];
		(void)snprintf(sentence, size,
				"what answers at %s does not say which etcd it is: not believed",
				name_of(r->route, r->endpoint, name));
		return false;
	}
	return etcd_route_believes(r->route, r->endpoint, &r->floor, &seen,
			proof_of(r, answer, &seen), sentence, size);
}

/* ---- counting -------------------------------------------------------------------- */

static enum etcd_code code_of(const struct carrier_answer *ended, bool believed)
{
	switch (ended->end) {
	case CARRIER_ANSWERED:
		return believed ? etcd_code_of_status(ended->status->code) : ETCD_CODE_DISBELIEVED;
	case CARRIER_REFUSED:
		return ETCD_CODE_REFUSED;
	case CARRIER_UNREACHABLE:
		return ETCD_CODE_UNREACHABLE;
	case CARRIER_TIMEOUT:
	case CARRIER_TOO_LATE:
		return ETCD_CODE_TIMEOUT;
	case CARRIER_BROKEN:
		return ETCD_CODE_BROKEN;
	case CARRIER_NOT_GRPC:
	case CARRIER_TOO_LONG:
		return ETCD_CODE_NOT_GRPC;
	case CARRIER_TLS:
		return ETCD_CODE_TLS;
	case CARRIER_NO_MEMORY:
		return ETCD_CODE_NO_MEMORY;
	}
	return ETCD_CODE_STRANGE;
}

void etcd_route_count(struct etcd_route *route, const char *path,
		const struct carrier_answer *ended, bool believed, double took)
{
	if (ended->end != CARRIER_TOO_LATE) {
		etcd_counts_note(route->counts, path, code_of(ended, believed), took);
	}
}

/* ---- an answer ------------------------------------------------------------------- */

/*
 * Whoever writes can make a range as long as he likes, and every member would answer with it. Who
 * says as much to another question is not to be asked again.
 */
static enum etcd_trouble trouble_of(const struct route_request *r, enum carrier_end end)
{
	return end == CARRIER_TOO_LONG && strcmp(r->call.path, ETCD_PATH_RANGE) == 0
			       ? TROUBLE_LONG
			       : TROUBLE_MEMBER;
}

/* Fills the answer from what was carried; `sentence` is where its own goes. */
static void judge(struct route_request *r, const struct carrier_answer *carried,
		struct etcd_answer *answer, char *sentence, size_t size)
{
	const struct etcd_error_about about = { .user = r->route->user };

	sentence[0] = '\0';
	*answer = (struct etcd_answer){
		.trouble = TROUBLE_MEMBER, .text = carried->why, .sentence = sentence
	};
	bool believed = believable(r, carried, sentence, size);
	etcd_route_count(r->route, r->call.path, carried, believed, clock_now() - r->sent_at);
	if (!believed) {
		return;
	}
	answer->body = carried->body;
	answer->len = carried->len;
	if (carried->end != CARRIER_ANSWERED) {
		answer->trouble = trouble_of(r, carried->end);
		(void)snprintf(sentence, size, "%s", carried->why);
		return;
	}
	answer->text = carried->status->message;
	answer->trouble = etcd_error_read(carried->status->code, carried->status->message);
	answer->ok = answer->trouble == TROUBLE_NONE;
	if (!answer->ok) {
		etcd_error_say(sentence, size, answer->trouble, &about, carried->status->code,
				carried->status->message);
	}
}

/* True when the call has gone on to the next endpoint. */
static bool gone_on(struct route_request *r, struct etcd_answer *answer)
{
	struct endpoint_ring *ring = &r->route->ring;
	const struct etcd_consequence *then = etcd_error_consequence(answer->trouble);

	answer->patient = then->patient;
	if (!then->leave) {
		endpoint_ring_answered(ring);
		return false;
	}
	endpoint_ring_leave(ring, r->endpoint);
	bool more = then->repeat && r->tries < ring->n;
	/* Renewals that were answered before the end are for their owners first. */
	bool partly = is_renewal(r) && answer->len > 0;
	if (more && !partly && r->call.deadline - clock_now() > LEAST_TRY) {
		send_on(r);
		return true;
	}
	answer->elsewhere = more && endpoint_ring_untried(ring);
	return false;
}

static void on_carried(struct carrier_request *carried, const struct carrier_answer *ended)
{
	struct route_request *r = CONTAINER_OF(carried, struct route_request, carried);
	char sentence[ETCD_SENTENCE_MAX];
	struct etcd_answer answer;

	judge(r, ended, &answer, sentence, sizeof sentence);
	/* Too late: the endpoint was not even asked, and has no part in it. */
	if (ended->end == CARRIER_TOO_LATE || !gone_on(r, &answer)) {
		r->route = NULL;
		r->done(r, &answer);
	}
}

void etcd_route_start(struct etcd_route *route, struct route_request *r,
		const struct route_call *call, route_done *done)
{
	assert(r->route == NULL);
	memset(r, 0, sizeof *r);
	r->route = route;
	r->call = *call;
	r->done = done;
	send_on(r);
}

void etcd_route_cancel(struct route_request *r)
{
	if (r->route != NULL) {
		carrier_cancel(&r->carried);
		r->route = NULL;
	}
}
