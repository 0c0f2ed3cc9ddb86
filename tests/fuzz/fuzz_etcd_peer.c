/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registrations and a reader against an etcd that says what the input says, over the agent's own
 * transport. Every call ends once, by its deadline at the latest, and none after it was cancelled;
 * a lease is only gone when etcd has said so, and only granted with an id and a TTL; what a reader
 * knows stands under its prefix; and memory stays in proportion to what was said.
 *
 * The input: the number of endpoints, and steps of a byte and what it takes: those of peer.c, and
 * the ones below.
 */
#include <string.h>

#include "agent/clock.h"
#include "agent/follower.h"
#include "agent/log.h"
#include "agent/net/etcd.h"
#include "agent/util.h"
#include "tests/fuzz/etcd_words.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/proto_walk.h"

#define CALLS     3
#define ENDPOINTS 3
#define TIMEOUT   2.0 /* seconds, of one request */
#define WAITS     4u  /* such times, for a call that logs in as well */
#define STEPS     200u

static char nothing[] = "";
static const struct etcd_entry entries[] = { { WORDS_KEY, WORDS_VALUE },
	{ WORDS_OTHER, WORDS_VALUE } };

struct call {
	struct etcd_call call;
	bool running, grants;
};

static struct scene {
	struct random random;
	struct endpoint endpoints[ENDPOINTS];
	struct etcd_settings settings;
	struct carrier *carrier, *streams_carrier;
	struct etcd etcd;
	struct etcd_streams streams;
	struct follower follower;
	struct call calls[CALLS];
	bool follows, gone_said; /* some answer has said that a lease is gone */
	bool over;               /* nothing may be heard any more */
} scene;

/* ---- what is told -------------------------------------------------------------------------- */

static void note_gone(void);

static void on_done(struct etcd_call *call, const struct etcd_reply *reply)
{
	struct call *c = CONTAINER_OF(call, struct call, call);

	HOLDS(c->running && !scene.over && call->etcd == NULL);
	HOLDS(reply->outcome < N_OUTCOMES &&
			(reply->outcome == OUTCOME_OK || reply->why[0] != '\0'));
	note_gone();
	HOLDS(reply->outcome != OUTCOME_GONE || scene.gone_said);
	HOLDS(!c->grants || reply->outcome == OUTCOME_OK || reply->outcome == OUTCOME_UNSURE);
	if (c->grants && reply->outcome == OUTCOME_OK) {
		HOLDS(reply->lease > 0 && reply->ttl > 0.0);
	}
	c->running = false;
}

static void on_change(struct follower *f)
{
	HOLDS(f == &scene.follower && !scene.over);
	for (size_t i = 0; i < f->known.live.n; i++) {
		HOLDS(strncmp(f->known.live.at[i]->key, WORDS_PREFIX, strlen(WORDS_PREFIX)) == 0);
	}
	HOLDS(!f->sure || f->revision > 0);
}

static void on_skip(struct follower *f, const char *key, const char *why)
{
	HOLDS(f == &scene.follower && !scene.over && key != NULL && why[0] != '\0');
}

static void on_trouble(struct follower *f, unsigned tries, const char *why)
{
	HOLDS(f == &scene.follower && !scene.over && (tries == 0) == (why == NULL));
}

static const struct follower_events events = {
	.on_change = on_change, .on_skip = on_skip, .on_trouble = on_trouble
};

/* ---- what etcd says ---------------------------------------------------------------------------
 */

/* The last call on the connection that is not answered, or one of those before it; NULL: none. */
static const struct wire_stream *asked(uint8_t before)
{
	struct peer *p = peers_current();

	for (size_t i = p->from_it.n_streams; i > 0; i--) {
		const struct wire_stream *s = &p->from_it.streams[i - 1];
		const struct wire_stream *said = wire_find(&p->to_it, s->id);
		if ((said == NULL || !said->over) && s->path[0] != '\0' && before-- == 0) {
			return s;
		}
	}
	return NULL;
}

static bool renews(struct wire *from, uint32_t id)
{
	const struct wire_stream *s = wire_find(from, id);

	return s != NULL && strcmp(s->path, ETCD_PATH_KEEP_ALIVE) == 0;
}

/* In so many words, or by a TTL of 0 or less, as a second reader has it. */
static bool says_gone(struct peer *p, const struct wire_stream *said)
{
	const uint8_t *message;
	size_t at = 0, len;
	bool gone = said->not_found && said->code == 5;

	while (renews(&p->from_it, said->id) && wire_message(said, &at, &message, &len)) {
		gone = gone || (int64_t)proto_varint(message, len, 3) <= 0;
	}
	return gone;
}

static void note_gone(void)
{
	for (size_t i = 0; i < PEERS; i++) {
		struct peer *p = &peers.at[i];
		for (size_t k = 0; k < p->to_it.n_streams; k++) {
			scene.gone_said = scene.gone_said || says_gone(p, &p->to_it.streams[k]);
		}
	}
}

/* ---- steps ------------------------------------------------------------------------------------
 */

enum steps {
	GRANT = PEER_OPS,
	PUT,
	VERIFY,
	REVOKE,
	RENEW,
	CANCEL,
	FOLLOW,
	SAY,
	BEGIN,
	MESSAGE,
	END,
	N_STEPS
};

static void start(uint8_t op, struct call *c, uint8_t how)
{
	const struct etcd_claim claim = { .entries = entries,
		.n = 1u + (how & 1u),
		.terms = { .lease = WORDS_LEASE,
				.take_over_up_to = (how & 2) != 0 ? INT64_MAX : TAKE_OVER_NOTHING },
		.ttl = 10.0,
		.written = (how & 4) != 0 ? 10 : 0 };
	struct etcd *e = &scene.etcd;

	c->running = true;
	c->grants = op == GRANT;
	switch (op) {
	case GRANT:
		etcd_grant(e, &c->call, 10, on_done);
		break;
	case PUT:
		etcd_put(e, &c->call, &claim, on_done);
		break;
	case VERIFY:
		etcd_verify(e, &c->call, &claim, on_done);
		break;
	case REVOKE:
		etcd_revoke(e, &c->call, WORDS_LEASE, on_done);
		break;
	default:
		etcd_renew(e, &c->call, WORDS_LEASE, 10.0, on_done);
		break;
	}
}

static void follow(uint8_t how)
{
	if (!scene.follows) {
		scene.follows = true;
		follower_start(&scene.follower);
	} else if (how % 3 == 0) {
		follower_interrupted(&scene.follower);
	} else if (how % 3 == 1) {
		follower_doubt(&scene.follower);
	}
}

static void answer(uint8_t op, const struct wire_stream *s, struct fuzz_bytes *in)
{
	struct etcd_words words;

	if (op == SAY || op == BEGIN) {
		peers_begin(s->id);
	}
	if (op == SAY || op == MESSAGE) {
		etcd_words(&words, s->path, in);
		peers_message(s->id, words.at, words.len);
	}
	if (op == SAY || op == END) {
		const struct etcd_end_words *end = etcd_words_end(fuzz_u8(in));
		peers_end(s->id, end->code, end->text);
	}
}

static void step(uint8_t op, struct fuzz_bytes *in)
{
	uint8_t how = fuzz_u8(in);
	struct call *c = &scene.calls[how % CALLS];

	if (op < CANCEL && !c->running) {
		start(op, c, how / CALLS);
	} else if (op == CANCEL) {
		etcd_cancel(&c->call);
		c->running = false;
	} else if (op == FOLLOW) {
		follow(how);
	} else if (op >= SAY) {
		const struct wire_stream *s = asked(how % 8);
		if (s != NULL) {
			answer(op, s, in);
		}
	}
}

/* ---- beginning and end
 * ---------------------------------------------------------------------------- */

static void open_scene(uint8_t how)
{
	static char me[] = "me", password[] = "pw";
	unsigned n = how % ENDPOINTS + 1u;

	memset(&scene, 0, sizeof scene);
	peers_open();
	random_seed(&scene.random, 7);
	for (unsigned i = 0; i < n; i++) {
		(void)strcpy(scene.endpoints[i].host, "127.0.0.1");
		scene.endpoints[i].port = (uint16_t)(2379 + i);
	}
	scene.settings = (struct etcd_settings){
		.endpoints = { scene.endpoints, n },
		.tls = { .ca_file = nothing },
		.username = (how & 0x80) != 0 ? me : nothing,
		.password = password,
		.password_file = nothing,
		.request_timeout_ms = (uint32_t)(TIMEOUT * 1000.0),
	};
	scene.carrier = carrier_create(peers.loop, &scene.random);
	scene.streams_carrier = carrier_create(peers.loop, &scene.random);
	HOLDS(scene.carrier != NULL && scene.streams_carrier != NULL);
	HOLDS(etcd_init(&scene.etcd, peers.loop, scene.carrier, &scene.settings, &scene.random) ==
			0);
	HOLDS(etcd_streams_init(&scene.streams, &scene.etcd, &scene.settings, scene.streams_carrier,
			      &scene.random) == 0);
	follower_init(&scene.follower, peers.loop, &scene.streams, &scene.random, WORDS_PREFIX,
			FORMAT_SERVICES, &events);
}

/* Though etcd says nothing any more. */
static void expect_ended(void)
{
	for (unsigned i = 0; i < WAITS; i++) {
		peers_pass(TIMEOUT + 0.1);
	}
	for (size_t i = 0; i < CALLS; i++) {
		HOLDS(!scene.calls[i].running);
	}
}

static void close_scene(void)
{
	scene.over = true;
	for (size_t i = 0; i < CALLS; i++) {
		etcd_cancel(&scene.calls[i].call);
	}
	follower_finish(&scene.follower);
	etcd_streams_finish(&scene.streams);
	etcd_finish(&scene.etcd);
	carrier_destroy(scene.streams_carrier);
	carrier_destroy(scene.carrier);
	peers_pass(TIMEOUT);
	peers_close();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };

	log_setup(LOG_ERROR, LOG_TEXT);
	open_scene(fuzz_u8(&in));
	for (unsigned i = 0; i < STEPS && in.left > 0; i++) {
		uint8_t op = fuzz_u8(&in) % N_STEPS;
		if (!peers_step(op, &in)) {
			step(op, &in);
		}
		note_gone();
		peers_expect_small();
	}
	peers_turn();
	if (size % 4 != 0) {
		expect_ended();
	}
	close_scene();
	return 0;
}
