/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe over gRPC against a server that does what the input says. Every audit is answered once,
 * and by its deadline at the latest; none is after it was dropped; a service is never said to serve
 * unless its server has said so, in a whole message, on the stream that asked, and ended that well,
 * or on a Watch; and memory stays in proportion to what was said.
 *
 * The input: the mode of the probe, and steps of a byte and what it takes: those of peer.c, and the
 * owner's, below.
 */
#include <string.h>

#include "agent/clock.h"
#include "agent/net/grpc_status.h"
#include "probes/health_message.h"
#include "probes/probe.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/proto_walk.h"

#define TIMEOUT 1.0  /* seconds */
#define SLACK   0.2  /* a probe looks again, so shortly behind its deadline */
#define STEPS   200u /* of one input */

static char service[] = "orders", nothing[] = "";

static struct scene {
	struct probe *probe; /* NULL: there is none any more */
	bool auditing;
} scene;

/* ---- what the server has said ------------------------------------------------------------ */

/* Of all its messages, or of the last one. */
static bool has_served_on(const struct wire_stream *s, bool any)
{
	const uint8_t *message;
	size_t at = 0, len;
	bool serves = false;

	while (wire_message(s, &at, &message, &len)) {
		bool now = (uint32_t)proto_varint(message, len, 1) == 1;
		serves = (any && serves) || now;
	}
	return serves;
}

static bool has_served(struct peer *p)
{
	const struct wire_stream *check = NULL;
	bool watched = false;

	for (size_t i = 0; i < p->from_it.n_streams; i++) {
		const struct wire_stream *asked = &p->from_it.streams[i];
		const struct wire_stream *said = wire_find(&p->to_it, asked->id);
		if (strcmp(asked->path, HEALTH_PATH_CHECK) == 0) {
			check = said; /* an older one has no say */
		} else if (said != NULL && strcmp(asked->path, HEALTH_PATH_WATCH) == 0) {
			watched = watched || has_served_on(said, true);
		}
	}
	return watched || (check != NULL && wire_is_ok(check) && has_served_on(check, false));
}

/* ---- what the probe says -------------------------------------------------------------------- */

static void on_report(struct probe *probe, const struct probe_report *report)
{
	HOLDS(probe == scene.probe && report->reason < N_REASONS);
	HOLDS(!report->audit || scene.auditing);
	if (report->reason == REASON_SERVING) {
		peers_listen();
		HOLDS(has_served(peers_last()));
	}
	if (report->audit) {
		scene.auditing = false;
	}
}

static void on_unsettled(struct probe *probe)
{
	HOLDS(probe == scene.probe);
}

static void on_notice(struct probe *probe, const char *sentence)
{
	HOLDS(probe == scene.probe && sentence[0] != '\0');
}

static const struct probe_events events = {
	.on_report = on_report, .on_unsettled = on_unsettled, .on_notice = on_notice
};

/* ---- steps ------------------------------------------------------------------------------------
 */

enum step { AUDIT = PEER_OPS, FORGET, ANSWER, BEGIN, MESSAGE, END, N_STEPS };

static void say_status(uint32_t stream, uint8_t status)
{
	const uint8_t message[] = { 0x08, status };

	peers_message(stream, message, sizeof message);
}

static void step(uint8_t op, struct fuzz_bytes *in)
{
	uint32_t stream = op >= ANSWER ? 2u * (fuzz_u8(in) % 32u) + 1 : 0;

	switch (op) {
	case AUDIT:
		if (!scene.auditing) {
			scene.auditing = true;
			scene.probe->kind->audit(scene.probe, clock_now() + TIMEOUT);
		}
		break;
	case FORGET:
		scene.auditing = false;
		scene.probe->kind->forget(scene.probe);
		break;
	case ANSWER:
		peers_begin(stream);
		say_status(stream, fuzz_u8(in));
		peers_end(stream, fuzz_u8(in) % 20, "");
		break;
	case BEGIN:
		peers_begin(stream);
		break;
	case MESSAGE:
		say_status(stream, fuzz_u8(in));
		break;
	case END:
		peers_end(stream, fuzz_u8(in) % 20, "it is \xc2\x9b");
		break;
	}
}

/* Whatever has happened before, and though the server says nothing any more. */
static void expect_answered(void)
{
	if (scene.auditing) {
		peers_pass(TIMEOUT + SLACK);
		HOLDS(!scene.auditing);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };
	struct descriptor desc = { .probe = {
						   .type = PROBE_GRPC,
						   .target = { .kind = TARGET_INET },
						   .service = service,
						   .mode = fuzz_u8(&in) % 3,
						   .interval_ms = 500,
						   .timeout_ms = 1000,
						   .tls = { .ca_file = nothing },
				   } };

	peers_open();
	(void)snprintf(desc.probe.target.inet.host, sizeof desc.probe.target.inet.host,
			"127.0.0.1");
	desc.probe.target.inet.port = 50051;
	scene = (struct scene){ 0 };
	scene.probe = probe_grpc.create(peers.loop, NULL, NULL, &desc, &events, NULL);
	HOLDS(scene.probe != NULL);
	for (unsigned i = 0; i < STEPS && in.left > 0; i++) {
		uint8_t op = fuzz_u8(&in) % N_STEPS;
		if (!peers_step(op, &in)) {
			step(op, &in);
		}
		peers_expect_small();
	}
	peers_turn();
	expect_answered();
	probe_grpc.destroy(scene.probe);
	scene.probe = NULL;
	peers_pass(TIMEOUT);
	peers_close();
	return 0;
}
