/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/etcd_call.h"

#include <assert.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/grpc_frame.h"
#include "agent/util.h"

/* Room for one value of etcd's largest request (1.5 MiB): someone else may have written it. */
#define MESSAGE_LIMIT (2u << 20)

void etcd_call_begin(struct etcd *e, struct etcd_call *call, double timeout, etcd_done *done)
{
	assert(call->etcd == NULL); /* one call in flight */
	memset(call, 0, sizeof *call);
	call->etcd = e;
	call->done = done;
	call->sent_at = clock_now();
	call->era = e->channel.route.view.epoch; /* an answer may come from before it ended */
	call->deadline = call->sent_at + timeout;
}

double etcd_call_timeout(const struct etcd *e, double ttl)
{
	double third = ttl / 3.0;

	return e->request_timeout < third ? e->request_timeout : third;
}

void etcd_call_end(struct etcd_call *call, const struct etcd_reply *reply)
{
	call->etcd = NULL;
	call->done(call, reply);
}

void etcd_call_end_unsure(struct etcd_call *call, const char *why)
{
	struct etcd_reply reply = { .outcome = OUTCOME_UNSURE, .why = why };

	etcd_call_end(call, &reply);
}

void etcd_call_end_taken(struct etcd_call *call, int64_t other, const char *key)
{
	struct etcd_reply reply = { .outcome = OUTCOME_TAKEN,
		.other = other,
		.key = key,
		.why = "the key hangs on another lease" };

	etcd_call_end(call, &reply);
}

/* Which keys the user may not write, or not all of them. */
static void say_denied(const struct etcd_call *call, const struct etcd_answer *answer,
		const struct etcd_claim *claim, char sentence[ETCD_SENTENCE_MAX])
{
	const char *keys[ETCD_ENTRIES_MAX] = { "" };
	struct etcd_error_about about = { .user = call->etcd->user, .keys = keys };

	for (; claim != NULL && about.n_keys < claim->n; about.n_keys++) {
		keys[about.n_keys] = claim->entries[about.n_keys].key;
	}
	etcd_error_say(sentence, ETCD_SENTENCE_MAX, answer->trouble, &about, GRPC_PERMISSION_DENIED,
			answer->text);
}

void etcd_call_end_failed(struct etcd_call *call, const struct etcd_answer *answer,
		const struct etcd_claim *claim)
{
	struct etcd_reply reply = {
		.outcome = OUTCOME_UNSURE,
		.elsewhere = answer->elsewhere,
		.patient = answer->patient,
		.why = answer->sentence,
	};
	char sentence[ETCD_SENTENCE_MAX];

	if (answer->trouble == TROUBLE_DENIED) {
		say_denied(call, answer, claim, sentence);
		reply.why = sentence;
	}
	etcd_call_end(call, &reply);
}

bool etcd_call_message(const struct etcd_answer *answer, const uint8_t **message, size_t *len)
{
	return grpc_only_message(answer->body, answer->len, message, len) && *len <= MESSAGE_LIMIT;
}

struct etcd_call *etcd_call_of(struct etcd_request *request)
{
	return CONTAINER_OF(request, struct etcd_call, request);
}
