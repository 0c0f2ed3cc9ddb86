/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_H2_STAGE_H
#define TESTS_UNIT_H2_STAGE_H

/* h2_stage - one connection and one stream to a played peer, and what was told of them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/net/h2_carrier.h"
#include "tests/unit/h2_peer.h"

#define BOUND 60.0 /* seconds; a test that waits so long has failed */
#define LIMIT 100
#define GRPC  "application/grpc"

extern struct h2_carrier_stage {
	struct ev_loop *loop;
	ev_timer bound;
	struct peer peer;
	struct h2_conn conn;
	struct h2_tls *tls; /* NULL: none */
	struct h2_stream stream;
	uint8_t body[GRPC_PREFIX];

	unsigned events, messages, news, ends;
	enum h2_event event;
	char detail[100];
	enum h2_end end;
	struct grpc_status status;
	size_t message_len;
	bool close_on_news, close_on_end, reopen_on_event;
} stage;

extern const struct h2_stream_events stage_events;

int set_up(void **state);
int tear_down(void **state);
void wait_for(const unsigned *count, unsigned n);
void open_conn(void);
void start(struct h2_stream *stream);
void start_stream(void);
void peer_reads_all(void);
void establish(void);
void send_headers(const char *content_type, unsigned flags);
void send_trailers(const char *code);
void send_data(const void *bytes, size_t len);
void expect_event(enum h2_event event);
void expect_end(enum h2_end end);

#define SEND_DATA(text) send_data((text), sizeof(text) - 1)

#endif
