/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/etcd_channel.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/util.h"

/* Not worth a try of its own at the end of a deadline, seconds. */
#define LEAST_TRY 0.02

int etcd_channel_init(struct etcd_channel *ch, struct curl_carrier *carrier,
		const struct endpoints *endpoints, struct random *random)
{
	memset(ch, 0, sizeof *ch);
	ch->carrier = carrier;
	ch->targets = calloc(endpoints->n, sizeof(struct curl_target *));
	if (ch->targets == NULL) {
		return -1;
	}
	for (size_t i = 0; i < endpoints->n; i++) {
		ch->targets[i] = curl_carrier_target(carrier, &endpoints->at[i]);
		if (ch->targets[i] == NULL) {
			goto fail; /* targets made so far belong to the carrier */
		}
	}
	if (endpoint_ring_init(&ch->ring, (unsigned)endpoints->n, random) < 0) {
		goto fail;
	}
	return 0;
fail:
	etcd_channel_finish(ch);
	return -1;
}

void etcd_channel_finish(struct etcd_channel *ch)
{
	endpoint_ring_finish(&ch->ring);
	free(ch->targets);
	memset(ch, 0, sizeof *ch);
}

static void on_carried(struct carrier_request *carried, const struct carrier_answer *answer);

static void send_to_current(struct etcd_request *r)
{
	struct etcd_channel *ch = r->channel;

	r->endpoint = endpoint_ring_current(&ch->ring);
	r->tries++;
	curl_carrier_start(ch->carrier, &r->carried, ch->targets[r->endpoint], r->path, r->body.at,
			r->body.len, r->deadline, on_carried);
}

/* True when the endpoint did not do its work, as opposed to etcd saying no. */
static bool endpoint_failed(const struct carrier_answer *answer)
{
	return answer->end != CARRIER_ANSWERED || answer->status->code == GRPC_UNAVAILABLE;
}

/* Detaches the request, then tells its owner. */
static void deliver(struct etcd_request *r, const struct carrier_answer *carried)
{
	bool answered = carried->end == CARRIER_ANSWERED;
	char text[GRPC_MESSAGE_MAX + 64];
	struct etcd_answer answer = {
		.ok = answered && carried->status->code == GRPC_OK,
		.code = answered ? carried->status->code : -1,
		.text = answered ? text : carried->why,
		.body = carried->body,
		.len = carried->len,
	};

	if (answered) {
		(void)snprintf(text, sizeof text, "etcd answered %s: %s",
				grpc_code_name(carried->status->code), carried->status->message);
	}
	r->channel = NULL;
	free(r->body.at);
	r->body = (struct etcd_body){ NULL, 0 };
	r->done(r, &answer);
}

static void on_carried(struct carrier_request *carried, const struct carrier_answer *answer)
{
	struct etcd_request *r = CONTAINER_OF(carried, struct etcd_request, carried);
	struct etcd_channel *ch = r->channel;

	if (endpoint_failed(answer)) {
		endpoint_ring_leave(&ch->ring, r->endpoint);
		if (r->tries < ch->ring.n && r->deadline - clock_now() > LEAST_TRY) {
			send_to_current(r);
			return;
		}
	}
	deliver(r, answer);
}

void etcd_request_start(struct etcd_channel *ch, struct etcd_request *r, const char *path,
		struct etcd_body body, double deadline, etcd_request_done *done)
{
	assert(r->channel == NULL);
	memset(r, 0, sizeof *r);
	r->channel = ch;
	r->path = path;
	r->body = body;
	r->done = done;
	r->deadline = deadline;
	send_to_current(r);
}

void etcd_request_cancel(struct etcd_request *r)
{
	if (r->channel == NULL) {
		return;
	}
	curl_carrier_cancel(&r->carried);
	r->channel = NULL;
	free(r->body.at);
	r->body = (struct etcd_body){ NULL, 0 };
}
