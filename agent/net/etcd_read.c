/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/etcd_read.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/grpc_frame.h"
#include "agent/util.h"

/* Keys in one answer, which is too long for the carrier when they have 32 KiB each: then fewer. */
#define PAGE_KEYS 256
#define FEWER     8

/* ---- beginnings and ends ----------------------------------------------------------- */

static void begin(struct etcd *e, struct etcd_read *read, const char *prefix,
		etcd_read_page *on_page, etcd_read_done *done)
{
	assert(read->etcd == NULL); /* one call at a time */
	memset(read, 0, sizeof *read);
	read->etcd = e;
	read->on_page = on_page;
	read->done = done;
	read->scope.prefix = prefix;
	read->scope.limit = PAGE_KEYS;
}

static void end(struct etcd_read *read, const struct etcd_read_reply *reply)
{
	free(read->after);
	read->after = NULL;
	read->etcd = NULL;
	read->done(read, reply);
}

static void end_unreadable(struct etcd_read *read, const char *why)
{
	struct etcd_read_reply reply = { .why = why };

	end(read, &reply);
}

static void end_failed(struct etcd_read *read, const struct etcd_answer *answer)
{
	struct etcd_read_reply reply = {
		.elsewhere = answer->elsewhere,
		.patient = answer->patient,
		.why = answer->sentence,
	};
	const char *prefix = read->scope.prefix == NULL ? "" : read->scope.prefix;
	const struct etcd_error_about about = {
		.user = read->etcd->user, .keys = &prefix, .n_keys = 1, .reading = true
	};
	char sentence[ETCD_SENTENCE_MAX];

	if (read->scope.revision > 0 && strstr(answer->text, "has been compacted") != NULL) {
		reply.patient = false; /* a new read is as of now */
		reply.why = "etcd was compacted between two pages of a read";
	} else if (answer->trouble == TROUBLE_DENIED) {
		etcd_error_say(sentence, sizeof sentence, answer->trouble, &about,
				GRPC_PERMISSION_DENIED, answer->text);
		reply.why = sentence;
	}
	end(read, &reply);
}

static double deadline_of(const struct etcd_read *read)
{
	return clock_now() + read->etcd->request_timeout;
}

static bool only_message(const struct etcd_answer *answer, const uint8_t **message, size_t *len)
{
	return grpc_only_message(answer->body, answer->len, message, len);
}

/* ---- a prefix ------------------------------------------------------------------------ */

static void on_page(struct etcd_request *request, const struct etcd_answer *answer);

/* As of which all pages are. */
static int64_t revision_of(const struct etcd_read *read, const struct etcd_page *page)
{
	return read->scope.revision > 0 ? read->scope.revision : page->mark.revision;
}

/* `body` without bytes: there was no memory, and the call fails as it should. */
static void send_page(struct etcd_read *read, struct etcd_body body)
{
	struct etcd_channel *channel = &read->etcd->channel;

	if (read->beside) {
		etcd_request_start_beside(channel, &read->request, ETCD_PATH_RANGE, body,
				deadline_of(read), read->endpoint, on_page);
	} else {
		etcd_request_start(channel, &read->request, ETCD_PATH_RANGE, body,
				deadline_of(read), on_page);
	}
}

static void ask_page(struct etcd_read *read)
{
	struct etcd_body body = { NULL, 0 };

	(void)etcd_encode_scope(&body, &read->scope);
	send_page(read, body);
}

/* The rest of them, as of the same revision. */
static void go_on(struct etcd_read *read, const struct etcd_page *page)
{
	const struct etcd_kv *last = &page->kvs[page->n - 1];

	free(read->after);
	read->after = malloc(last->key_len + 1);
	if (read->after == NULL) {
		send_page(read, (struct etcd_body){ NULL, 0 });
		return;
	}
	memcpy(read->after, last->key, last->key_len);
	read->scope.limit = read->scope.limit < PAGE_KEYS / 2 ? 2 * read->scope.limit : PAGE_KEYS;
	read->scope.after = read->after;
	read->scope.after_len = last->key_len;
	read->scope.revision = revision_of(read, page);
	ask_page(read);
}

static void take_page(struct etcd_read *read, const struct etcd_page *page)
{
	struct etcd_read_reply reply = {
		.ok = true,
		.revision = revision_of(read, page),
		.count = read->scope.after != NULL ? read->count : page->count,
		.newer = page->n > 0,
		.why = "",
	};

	if (read->on_page != NULL) {
		bool wants_more = read->on_page(read, page->kvs, page->n);
		if (wants_more && page->more && page->n > 0) {
			read->count = reply.count;
			go_on(read, page);
			return;
		}
	}
	end(read, &reply);
}

/*
 * Whoever writes below the prefix can make a page as long as he likes, and must not keep others
 * from being read. One key alone is never too long: etcd takes 1.5 MiB in one request.
 */
static bool ask_for_fewer(struct etcd_read *read, const struct etcd_answer *answer)
{
	if (answer->trouble != TROUBLE_LONG || read->scope.limit == 1) {
		return false;
	}
	read->scope.limit = read->scope.limit > FEWER ? read->scope.limit / FEWER : 1;
	ask_page(read);
	return true;
}

static void on_page(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct etcd_read *read = CONTAINER_OF(request, struct etcd_read, request);
	const uint8_t *message;
	size_t len;
	struct etcd_page page;

	if (!answer->ok && ask_for_fewer(read, answer)) {
		return;
	}
	if (!answer->ok) {
		end_failed(read, answer);
		return;
	}
	bool decoded = only_message(answer, &message, &len) &&
		       etcd_decode_page(message, len, &page);
	if (decoded && page.mark.revision > 0 && etcd_page_is_of(&page, &read->scope)) {
		take_page(read, &page);
	} else { /* who says nothing of himself has not said that there are no keys */
		end_unreadable(read, "etcd's answer to a range cannot be read");
	}
	if (decoded) {
		etcd_page_free(&page);
	}
}

void etcd_read_all(struct etcd *e, struct etcd_read *read, const char *prefix, etcd_read_page *take,
		etcd_read_done *done)
{
	begin(e, read, prefix, take, done);
	ask_page(read);
}

void etcd_read_all_beside(struct etcd *e, struct etcd_read *read, const char *prefix,
		unsigned endpoint, etcd_read_page *take, etcd_read_done *done)
{
	begin(e, read, prefix, take, done);
	read->beside = true;
	read->endpoint = endpoint;
	ask_page(read);
}

void etcd_read_newer(struct etcd *e, struct etcd_read *read, const char *prefix, int64_t revision,
		etcd_read_done *done)
{
	begin(e, read, prefix, NULL, done);
	read->scope.newer_than = revision;
	read->scope.limit = 1;
	read->scope.keys_only = true;
	ask_page(read);
}

void etcd_read_count(struct etcd *e, struct etcd_read *read, const char *prefix, int64_t revision,
		etcd_read_done *done)
{
	begin(e, read, prefix, NULL, done);
	read->scope.revision = revision;
	read->scope.limit = 1;
	read->scope.keys_only = true;
	ask_page(read);
}

unsigned etcd_read_endpoint(const struct etcd_read *read)
{
	return read->request.routed.endpoint;
}

/* ---- a lease ------------------------------------------------------------------------- */

static void on_time_to_live(struct etcd_request *request, const struct etcd_answer *answer)
{
	struct etcd_read *read = CONTAINER_OF(request, struct etcd_read, request);
	struct etcd_read_reply reply = { .ok = true, .ttl_s = -1, .why = "" };
	const uint8_t *message;
	size_t len;
	int64_t lease = 0;

	if (!answer->ok) { /* a lease that does not exist is an answer, not an error */
		end_failed(read, answer);
	} else if (!only_message(answer, &message, &len) ||
			!etcd_decode_time_to_live(message, len, &lease, &reply.ttl_s) ||
			lease != read->lease) {
		end_unreadable(read, "etcd's answer about a lease cannot be read");
	} else {
		end(read, &reply);
	}
}

void etcd_read_lease(struct etcd *e, struct etcd_read *read, int64_t lease, etcd_read_done *done)
{
	struct etcd_body body = { NULL, 0 };

	begin(e, read, NULL, NULL, done);
	read->lease = lease;
	(void)etcd_encode_time_to_live(&body, lease);
	etcd_request_start(&e->channel, &read->request, ETCD_PATH_TIME_TO_LIVE, body,
			deadline_of(read), on_time_to_live);
}

void etcd_read_cancel(struct etcd_read *read)
{
	if (read->etcd != NULL) {
		etcd_request_cancel(&read->request);
		free(read->after);
		read->after = NULL;
		read->etcd = NULL;
	}
}
