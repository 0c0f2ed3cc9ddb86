/* SPDX-License-Identifier: Apache-2.0 */
#include "played_carrier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "agent/util.h"

struct played in_flight[PLAYED_MAX];
unsigned n_in_flight, n_sent, n_abandoned;

static struct carrier_target {
	unsigned number;
} targets[PLAYED_MAX];
static unsigned n_targets;

void played_carrier_reset(void)
{
	memset(in_flight, 0, sizeof in_flight);
	n_in_flight = n_sent = n_abandoned = n_targets = 0;
}

struct carrier_target *carrier_target(
		struct carrier *c, const struct endpoint *endpoint, const struct tls_settings *tls)
{
	UNUSED(c);
	UNUSED(endpoint);
	UNUSED(tls);
	assert_true(n_targets < PLAYED_MAX);
	targets[n_targets].number = n_targets;
	return (struct carrier_target *)(void *)&targets[n_targets++];
}

void carrier_start(struct carrier *c, struct carrier_request *r, struct carrier_target *t,
		const struct carrier_call *call, carrier_done *done)
{
	struct played *p = &in_flight[n_in_flight];

	assert_true(n_in_flight < PLAYED_MAX);
	assert_null(r->carrier);
	r->carrier = (struct carrier *)(void *)targets;
	r->done = done;
	p->request = r;
	p->endpoint = ((struct carrier_target *)(void *)t)->number;
	p->deadline = call->deadline;
	p->len = call->len < sizeof p->body ? call->len : sizeof p->body;
	if (call->body != NULL) { /* or there was no memory for it */
		memcpy(p->body, call->body, p->len);
	}
	p->on_heard = call->on_heard;
	(void)snprintf(p->path, sizeof p->path, "%s", call->path);
	(void)snprintf(p->token, sizeof p->token, "%s", call->token);
	UNUSED(c);
	n_in_flight++;
	n_sent++;
}

static struct carrier_request *take(unsigned i)
{
	struct carrier_request *r = in_flight[i].request;

	assert_true(i < n_in_flight);
	memmove(&in_flight[i], &in_flight[i + 1], (n_in_flight - i - 1) * sizeof in_flight[0]);
	n_in_flight--;
	r->carrier = NULL;
	return r;
}

void carrier_cancel(struct carrier_request *r)
{
	for (unsigned i = 0; i < n_in_flight; i++) {
		if (in_flight[i].request == r) {
			(void)take(i);
			return;
		}
	}
}

void carrier_abandon(struct carrier_request *r)
{
	n_abandoned += r->carrier != NULL ? 1 : 0;
	carrier_cancel(r);
}

void play_heard(unsigned i, const void *data, size_t len)
{
	assert_true(i < n_in_flight);
	assert_non_null(in_flight[i].on_heard);
	in_flight[i].on_heard(in_flight[i].request, data, len);
}

static void play(unsigned i, const struct carrier_answer *answer)
{
	struct carrier_request *r = take(i);

	r->done(r, answer);
}

void play_answer(unsigned i, int code, const char *message, const void *body, size_t len)
{
	struct grpc_status status = { .http = 200, .grpc_type = true, .seen = true, .code = code };

	(void)snprintf(status.message, sizeof status.message, "%s", message);
	play(i, &(struct carrier_answer){ .end = CARRIER_ANSWERED,
				.status = &status,
				.body = body,
				.len = len,
				.why = "" });
}

void play_end(unsigned i, enum carrier_end end, const void *body, size_t len)
{
	struct grpc_status status = { 0 };

	play(i, &(struct carrier_answer){
				.end = end,
				.status = &status,
				.body = body,
				.len = len,
				.why = "it did not go well",
		});
}
