/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/etcd_channel.h"

#include <assert.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/util.h"

int etcd_channel_init(struct etcd_channel *ch, struct ev_loop *loop, struct carrier *carrier,
		const struct etcd_settings *settings, struct random *random,
		struct etcd_notice *notice)
{
	memset(ch, 0, sizeof *ch);
	if (etcd_route_init(&ch->route, carrier, settings, random, notice) < 0) {
		return -1;
	}
	etcd_auth_init(&ch->auth, loop, &ch->route, settings, random, notice);
	return 0;
}

void etcd_channel_finish(struct etcd_channel *ch)
{
	etcd_auth_finish(&ch->auth);
	etcd_route_finish(&ch->route);
}

/* Gives back what it holds; it is not in flight any more. */
static void detach(struct etcd_request *r)
{
	r->channel = NULL;
	etcd_auth_give(r->token);
	r->token = NULL;
	etcd_body_free(&r->body);
}

static void on_routed(struct route_request *routed, const struct etcd_answer *answer);

static void send_out(struct etcd_request *r)
{
	r->token = etcd_auth_take(&r->channel->auth);
	struct route_call call = {
		.path = r->path,
		.token = r->token == NULL ? "" : r->token->text,
		.body = &r->body,
		.deadline = r->deadline,
		.beside = r->beside,
		.endpoint = r->endpoint,
	};
	etcd_route_start(&r->channel->route, &r->routed, &call, on_routed);
}

static void end(struct etcd_request *r, const struct etcd_answer *answer)
{
	detach(r);
	r->done(r, answer);
}

/* True, once a call, for what is worth a try without a token. */
static bool goes_bare(struct etcd_request *r, const struct etcd_answer *failed)
{
	if (r->bare || strcmp(r->path, ETCD_PATH_KEEP_ALIVE) != 0) {
		return false;
	}
	r->bare = true;
	r->patient = failed->patient;
	return true;
}

static void on_token(struct auth_wait *wait, const struct etcd_answer *failed)
{
	struct etcd_request *r = CONTAINER_OF(wait, struct etcd_request, wait);

	if (failed != NULL && !goes_bare(r, failed)) {
		end(r, failed);
		return;
	}
	r->deadline += clock_now() - r->asked_at;
	send_out(r);
}

static void ask(struct etcd_request *r)
{
	r->asked_at = clock_now();
	if (etcd_auth_ask(&r->channel->auth, &r->wait, on_token)) {
		send_out(r);
	}
}

/* It had no token because logging in failed: that is what a person has to hear of. */
static void end_bare(struct etcd_request *r, struct etcd_answer *told)
{
	char why[ETCD_SENTENCE_MAX];

	memcpy(why, r->channel->auth.why, sizeof why); /* `done` may log in again */
	told->sentence = why;
	told->patient = r->patient;
	end(r, told);
}

static void on_routed(struct route_request *routed, const struct etcd_answer *answer)
{
	struct etcd_request *r = CONTAINER_OF(routed, struct etcd_request, routed);
	struct etcd_answer told = *answer;

	if (answer->trouble == TROUBLE_TOKEN && r->bare && r->token == NULL) {
		end_bare(r, &told);
		return;
	}
	if (answer->trouble == TROUBLE_TOKEN) {
		bool another = etcd_auth_refused(&r->channel->auth, r->token, answer->text);
		if (another && !r->repeated) {
			r->repeated = true;
			etcd_auth_give(r->token);
			r->token = NULL;
			ask(r);
			return;
		}
		told.patient = !another; /* only a person can help */
	}
	end(r, &told);
}

static void prepare(struct etcd_channel *ch, struct etcd_request *r, const char *path,
		struct etcd_body body, double deadline, etcd_request_done *done)
{
	assert(r->channel == NULL);
	memset(r, 0, sizeof *r);
	r->channel = ch;
	r->path = path;
	r->body = body;
	r->done = done;
	r->deadline = deadline;
}

void etcd_request_start(struct etcd_channel *ch, struct etcd_request *r, const char *path,
		struct etcd_body body, double deadline, etcd_request_done *done)
{
	prepare(ch, r, path, body, deadline, done);
	ask(r);
}

void etcd_request_start_beside(struct etcd_channel *ch, struct etcd_request *r, const char *path,
		struct etcd_body body, double deadline, unsigned endpoint, etcd_request_done *done)
{
	prepare(ch, r, path, body, deadline, done);
	r->beside = true;
	r->endpoint = endpoint;
	ask(r);
}

void etcd_request_cancel(struct etcd_request *r)
{
	if (r->channel == NULL) {
		return;
	}
	etcd_auth_cancel(&r->wait);
	etcd_route_cancel(&r->routed);
	detach(r);
}
