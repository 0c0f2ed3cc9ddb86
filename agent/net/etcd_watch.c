/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/etcd_watch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/util.h"

/* etcd sends long news in parts of its largest request, 1.5 MiB unless it is set otherwise. */
#define NEWS_LIMIT (16u << 20)

int etcd_streams_init(struct etcd_streams *s, struct etcd *etcd,
		const struct etcd_settings *settings, struct carrier *carrier,
		struct random *random)
{
	const struct endpoints *endpoints = &settings->endpoints;

	memset(s, 0, sizeof *s);
	s->etcd = etcd;
	s->carrier = carrier;
	s->targets = calloc(endpoints->n, sizeof(struct carrier_target *));
	if (s->targets == NULL) {
		return -1;
	}
	for (size_t i = 0; i < endpoints->n; i++) {
		s->targets[i] = carrier_target(carrier, &endpoints->at[i], &settings->tls);
		if (s->targets[i] == NULL) {
			etcd_streams_finish(s);
			return -1;
		}
	}
	if (endpoint_ring_init(&s->ring, (unsigned)endpoints->n, random) < 0) {
		etcd_streams_finish(s);
		return -1;
	}
	return 0;
}

void etcd_streams_finish(struct etcd_streams *s)
{
	endpoint_ring_finish(&s->ring);
	free(s->targets);
	memset(s, 0, sizeof *s);
}

/* ---- the end ------------------------------------------------------------------------- */

/* By what etcd said within the stream; the carrier's own ends are counted as all are. */
static void count(struct etcd_watch *w, enum etcd_code code)
{
	etcd_counts_note(w->streams->etcd->channel.route.counts, ETCD_PATH_WATCH, code, -1.0);
}

/* Gives back what it holds; it is not open any more. */
static void detach(struct etcd_watch *w)
{
	w->streams = NULL;
	etcd_auth_give(w->token);
	w->token = NULL;
	etcd_body_free(&w->body);
	frame_reader_finish(&w->frames);
}

void etcd_watch_cancel(struct etcd_watch *w)
{
	if (w->streams != NULL) {
		etcd_auth_cancel(&w->wait);
		carrier_cancel(&w->carried);
		detach(w);
	}
}

void etcd_watch_abandon(struct etcd_watch *w)
{
	if (w->streams != NULL) {
		if (w->sent) { /* or it waits for a token, and no member has a part in that */
			endpoint_ring_leave(&w->streams->ring, w->endpoint);
			count(w, ETCD_CODE_ABANDONED);
		}
		carrier_abandon(&w->carried);
		etcd_watch_cancel(w);
	}
}

/* `leave`: the next one goes to another member. */
static void end(struct etcd_watch *w, bool leave, const struct etcd_watch_end *how)
{
	char why[ETCD_SENTENCE_MAX];
	struct etcd_watch_end told = *how;

	(void)snprintf(why, sizeof why, "%s", how->why); /* it may be the carrier's */
	told.why = why;
	if (leave) {
		endpoint_ring_leave(&w->streams->ring, w->endpoint);
	}
	carrier_cancel(&w->carried);
	detach(w);
	w->events->on_end(w, &told);
}

static void end_ill(struct etcd_watch *w, const char *why)
{
	const struct etcd_watch_end how = { .why = why };

	end(w, true, &how);
}

/* The same for what is found within the stream. */
static void end_found(struct etcd_watch *w, enum etcd_code code, const char *why)
{
	count(w, code);
	end_ill(w, why);
}

/* etcd's own word, from the end of the stream or from within it. */
static void end_said(struct etcd_watch *w, int code, const char *text)
{
	struct etcd *etcd = w->streams->etcd;
	const char *prefix = w->prefix;
	const struct etcd_error_about about = {
		.user = etcd->user, .keys = &prefix, .n_keys = 1, .reading = true
	};
	enum etcd_trouble trouble = etcd_error_read(code, text);
	const struct etcd_consequence *then = etcd_error_consequence(trouble);
	char sentence[ETCD_SENTENCE_MAX];
	struct etcd_watch_end how = { .patient = then->patient, .why = sentence };

	etcd_error_say(sentence, sizeof sentence, trouble, &about, code, text);
	if (trouble == TROUBLE_NONE) {
		(void)snprintf(sentence, sizeof sentence, "etcd ended the watch");
	}
	if (trouble == TROUBLE_TOKEN) {
		how.patient = !etcd_auth_refused(&etcd->channel.auth, w->token, text);
	}
	end(w, then->leave, &how);
}

/* ---- news ---------------------------------------------------------------------------- */

/* etcd tells by text alone why it ends a watch within the stream. */
static void take_cancel(struct etcd_watch *w, const struct etcd_news *news)
{
	count(w, etcd_code_of_status(GRPC_CANCELLED));
	if (news->compact_revision > 0) {
		const struct etcd_watch_end how = { .compacted = true,
			.why = "what happened since is not kept any more (compacted)" };
		end(w, false, &how);
		return;
	}
	end_said(w, GRPC_UNKNOWN,
			news->cancel_reason[0] != '\0' ? news->cancel_reason
						       : "the watch was cancelled");
}

static bool believable(struct etcd_watch *w, const struct etcd_news *news)
{
	struct etcd_route *route = &w->streams->etcd->channel.route;
	char sentence[ETCD_SENTENCE_MAX];

	/* The revision may lag in a healthy member. */
	if (etcd_route_believes(route, w->endpoint, &w->floor, &news->mark, PROOF_TERM, sentence,
			    sizeof sentence)) {
		w->floor = cluster_view_floor(&route->view);
		return true;
	}
	end_found(w, ETCD_CODE_DISBELIEVED, sentence);
	return false;
}

static void take_news(struct etcd_watch *w, const struct etcd_news *news)
{
	if (!believable(w, news)) {
		return;
	}
	if (news->canceled) {
		take_cancel(w, news);
		return;
	}
	if (!news->created && w->created) {
		w->events->on_news(
				w, news->events, news->n, news->partial ? 0 : news->mark.revision);
	} else if (!news->created) {
		end_found(w, ETCD_CODE_UNREADABLE,
				"etcd's news cannot be read: they are of a watch that it has not "
				"created");
	} else if (!w->created) {
		w->created = true;
		endpoint_ring_answered(&w->streams->ring);
		w->events->on_created(w);
	}
}

static void take_message(struct etcd_watch *w, const uint8_t *message, size_t len)
{
	struct etcd_news news;

	if (!etcd_decode_news(message, len, &news)) {
		end_found(w, ETCD_CODE_UNREADABLE, "etcd's answer to a watch cannot be read");
		return;
	}
	if (etcd_news_are_of(&news, w->prefix)) {
		take_news(w, &news);
	} else {
		end_found(w, ETCD_CODE_UNREADABLE,
				"etcd's news cannot be read: they are of keys that were not "
				"asked for, or of what has not happened yet");
	}
	etcd_news_free(&news);
}

/*
 * Whoever is told of a message may end the watch, and open it again: nothing
 * more is read for this one then. True when it is still open.
 */
static bool hear(struct etcd_watch *w, const uint8_t *data, size_t len)
{
	unsigned opened = w->opened;

	while (w->streams != NULL && w->opened == opened) {
		switch (frame_reader_next(&w->frames, &data, &len)) {
		case FRAME_MORE:
			return true;
		case FRAME_MESSAGE:
			take_message(w, w->frames.message, w->frames.message_len);
			break;
		case FRAME_TOO_LONG:
		case FRAME_COMPRESSED:
			end_found(w, ETCD_CODE_NOT_GRPC,
					"etcd's answer to a watch is no gRPC of ours");
			break;
		case FRAME_NO_MEMORY:
			end_found(w, ETCD_CODE_NO_MEMORY, "out of memory");
			break;
		}
	}
	return false;
}

static void on_heard(struct carrier_request *carried, const uint8_t *data, size_t len)
{
	(void)hear(CONTAINER_OF(carried, struct etcd_watch, carried), data, len);
}

static void on_carried(struct carrier_request *carried, const struct carrier_answer *answer)
{
	struct etcd_watch *w = CONTAINER_OF(carried, struct etcd_watch, carried);

	if (!hear(w, answer->body, answer->len)) {
		return;
	}
	etcd_route_count(&w->streams->etcd->channel.route, ETCD_PATH_WATCH, answer, true, -1.0);
	if (answer->end == CARRIER_ANSWERED) {
		end_said(w, answer->status->code, answer->status->message);
	} else {
		end_ill(w, answer->why);
	}
}

/* ---- the beginning ------------------------------------------------------------------- */

static void open_stream(struct etcd_watch *w)
{
	struct etcd_streams *s = w->streams;

	w->token = etcd_auth_take(&s->etcd->channel.auth);
	w->endpoint = endpoint_ring_current(&s->ring);
	w->floor = cluster_view_floor(&s->etcd->channel.route.view);
	const struct carrier_call call = {
		.path = ETCD_PATH_WATCH,
		.token = w->token == NULL ? "" : w->token->text,
		.body = w->body.at,
		.len = w->body.len,
		.deadline = clock_now() + s->etcd->request_timeout,
		.on_heard = on_heard,
	};
	w->sent = true;
	carrier_start(s->carrier, &w->carried, s->targets[w->endpoint], &call, on_carried);
}

static void on_token(struct auth_wait *wait, const struct etcd_answer *failed)
{
	struct etcd_watch *w = CONTAINER_OF(wait, struct etcd_watch, wait);

	if (failed == NULL) {
		open_stream(w);
		return;
	}
	const struct etcd_watch_end how = { .patient = failed->patient, .why = failed->sentence };
	end(w, false, &how);
}

void etcd_watch_start(struct etcd_streams *s, struct etcd_watch *w, const char *prefix,
		int64_t revision, const struct etcd_watch_events *events)
{
	unsigned opened = w->opened;

	assert(w->streams == NULL);
	memset(w, 0, sizeof *w);
	w->opened = opened + 1;
	w->streams = s;
	w->prefix = prefix;
	w->events = events;
	frame_reader_init(&w->frames, NEWS_LIMIT);
	(void)etcd_encode_watch(&w->body, prefix, revision);
	if (etcd_auth_ask(&s->etcd->channel.auth, &w->wait, on_token)) {
		open_stream(w);
	}
}

unsigned etcd_watch_endpoint(const struct etcd_watch *w)
{
	return w->endpoint;
}
