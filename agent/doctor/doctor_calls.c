/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/doctor/doctor_calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/grpc_frame.h"
#include "agent/util.h"

/* Connections that stay open: the members of one cluster are asked one after the other. */
#define CONNECTIONS 16

int doctor_open(struct doctor *d, struct err *err)
{
	random_init(&d->random);
	d->loop = ev_default_loop(EVFLAG_AUTO);
	if (d->loop == NULL) {
		return err_set(err, ERR_SYSTEM, "the event loop cannot be made");
	}
	d->carrier = carrier_create(d->loop, &d->random);
	if (d->carrier == NULL) {
		return err_set(err, ERR_SYSTEM, "out of memory");
	}
	carrier_keep(d->carrier, CONNECTIONS);
	return 0;
}

void doctor_close(struct doctor *d)
{
	carrier_destroy(d->carrier);
	tls_shelf_finish(&d->shelf);
	if (d->loop != NULL) {
		ev_loop_destroy(d->loop);
	}
	doctor_findings_finish(&d->findings);
	memset(d, 0, sizeof *d);
}

/* A copy of the one message of an answer. */
static void take_message(struct doctor_ask *ask, const struct carrier_answer *answer)
{
	const uint8_t *message;
	size_t len;

	if (!grpc_only_message(answer->body, answer->len, &message, &len)) {
		return;
	}
	ask->message = malloc(len + 1);
	if (ask->message != NULL) {
		memcpy(ask->message, message, len);
		ask->len = len;
	}
}

static void on_done(struct carrier_request *request, const struct carrier_answer *answer)
{
	struct doctor_ask *ask = CONTAINER_OF(request, struct doctor_ask, request);
	struct doctor *d = ask->doctor;

	ask->end = answer->end;
	if (answer->end == CARRIER_ANSWERED) {
		ask->code = answer->status->code;
		ask->trouble = etcd_error_read(ask->code, answer->status->message);
		(void)snprintf(ask->text, sizeof ask->text, "%s", answer->status->message);
		take_message(ask, answer);
	} else {
		(void)snprintf(ask->text, sizeof ask->text, "%s", answer->why);
	}
	d->left--;
	if (d->left == 0) {
		ev_break(d->loop, EVBREAK_ALL);
	}
}

void doctor_ask_all(struct doctor *d, struct doctor_ask *asks, size_t n, double timeout)
{
	for (size_t i = 0; i < n; i++) {
		struct doctor_ask *ask = &asks[i];
		const struct carrier_call call = {
			.path = ask->path,
			.token = ask->token,
			.body = ask->body.at,
			.len = ask->body.len,
			.deadline = clock_now() + timeout,
		};
		if (ask->target == NULL) {
			continue;
		}
		ask->doctor = d;
		ask->trouble = TROUBLE_OTHER;
		d->left++;
		carrier_start(d->carrier, &ask->request, ask->target, &call, on_done);
	}
	if (d->left > 0) {
		(void)ev_run(d->loop, 0);
	}
}

bool doctor_ask_ok(const struct doctor_ask *ask)
{
	return ask->end == CARRIER_ANSWERED && ask->trouble == TROUBLE_NONE && ask->message != NULL;
}

void doctor_ask_finish(struct doctor_ask *ask)
{
	carrier_cancel(&ask->request);
	etcd_body_free(&ask->body);
	if (ask->message != NULL) {
		explicit_bzero(ask->message, ask->len); /* it may hold a token */
	}
	free(ask->message);
	memset(ask, 0, sizeof *ask);
}
