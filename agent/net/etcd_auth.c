/* SPDX-License-Identifier: Apache-2.0 */
/*
 * etcd_auth - when to log in, and who waits for it.
 *
 * etcd compares passwords by a hash that takes it a tenth of a second by
 * design, so logging in is done as seldom as can be. A token that is refused
 * before it was due for renewal teaches how long a life is; each one that
 * lives to its renewal lets the next live half as long again, up to the usual
 * life. So a life learned from a restart of etcd is forgotten after a while.
 */
#include "agent/net/etcd_auth.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/grpc_frame.h"
#include "agent/timer.h"
#include "agent/util.h"
#include "agent/wiping.h"

#define LIFE_MAX     240.0 /* seconds; etcd's own tokens live 300 when nobody says otherwise */
#define LIFE_MIN     1.4   /* so that a token is not renewed more than once a second */
#define LIFE_SAFE    0.75  /* of a life, at the earliest, a token is renewed ... */
#define LIFE_LEARNED 0.8   /* ... and how much of the age at a refusal is counted on */
#define TIMEOUT_MIN  1.0   /* seconds for one Authenticate: the hash takes its time */
#define PAUSE_MIN    1.0
#define PAUSE_MAX    30.0
#define LOOK_EVERY   1.0 /* seconds between two looks at the password's file */
#define AT_ONCE      1.0 /* seconds: a token that is refused so young has never been good */
#define SHORT_LIVED  2   /* such tokens in a row before there is a pause */
#define TOKEN_MAX    16384

/* ---- tokens ---------------------------------------------------------------------- */

struct etcd_token *etcd_auth_take(struct etcd_auth *auth)
{
	if (auth->token != NULL) {
		auth->token->users++;
	}
	return auth->token;
}

void etcd_auth_give(struct etcd_token *token)
{
	if (token == NULL || --token->users > 0) {
		return;
	}
	explicit_bzero(token->text, strlen(token->text));
	free(token->text);
	free(token);
}

static void forget_token(struct etcd_auth *auth)
{
	etcd_auth_give(auth->token);
	auth->token = NULL;
}

/* Takes over `text`; false without memory. */
static bool keep_token(struct etcd_auth *auth, char *text)
{
	struct etcd_token *token = calloc(1, sizeof *token);
	double now = clock_now();

	if (token == NULL) {
		explicit_bzero(text, strlen(text));
		free(text);
		return false;
	}
	token->text = text;
	token->users = 1;
	if (auth->token != NULL) { /* it lived until it was due */
		auth->life = auth->life * 1.5 < LIFE_MAX ? auth->life * 1.5 : LIFE_MAX;
		auth->short_lived = 0;
	}
	forget_token(auth);
	auth->token = token;
	auth->got_at = now;
	auth->refresh_at = now + random_between(auth->random, auth->life * LIFE_SAFE, auth->life);
	return true;
}

/* ---- those who wait -------------------------------------------------------------- */

static struct auth_wait *wait_of(struct list *link)
{
	return CONTAINER_OF(link, struct auth_wait, link);
}

/* Detached before any is called: who asks again is not met again here. */
static void tell_all(struct list **from, const struct etcd_answer *failed)
{
	struct list *told = NULL;

	while (*from != NULL) {
		list_move(&told, *from);
	}
	while (told != NULL) {
		struct auth_wait *wait = wait_of(told);
		auth_done *done = wait->done;
		list_remove(&wait->link);
		wait->done = NULL;
		done(wait, failed);
	}
}

static void on_tell(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct etcd_auth *auth = CONTAINER_OF(timer, struct etcd_auth, tell);
	char sentence[ETCD_SENTENCE_MAX];
	struct etcd_answer failed = {
		.trouble = TROUBLE_PASSWORD, .text = sentence, .sentence = sentence, .patient = true
	};

	UNUSED(loop);
	UNUSED(revents);
	memcpy(sentence, auth->why, sizeof sentence);
	tell_all(&auth->refused, &failed);
}

void etcd_auth_cancel(struct auth_wait *wait)
{
	if (wait->done != NULL) {
		list_remove(&wait->link);
		wait->done = NULL;
	}
}

/* ---- one Authenticate ------------------------------------------------------------ */

static bool in_flight(const struct etcd_auth *auth)
{
	return auth->request.route != NULL;
}

/* The user is refused, by etcd or by us: auth->why says why. */
static void start_pause(struct etcd_auth *auth)
{
	auth->pause_until = clock_now() +
			    backoff_next(&auth->backoff, auth->random, PAUSE_MIN, PAUSE_MAX);
	auth->looked_at = clock_now();
}

static const char *password_file_hint(const struct etcd_auth *auth)
{
	return auth->settings->password_file[0] != '\0' ? "etcd.password_file " : "etcd.password";
}

/* True when those who wait can go on. */
static bool accept(struct etcd_auth *auth, const struct etcd_answer *answer)
{
	char *text = NULL;
	const uint8_t *message;
	size_t size;
	bool readable = answer->len < TOKEN_MAX &&
			grpc_only_message(answer->body, answer->len, &message, &size) && size > 0 &&
			etcd_decode_log_in(message, size, &text);

	if (readable && keep_token(auth, text)) {
		if (auth->short_lived == 0) { /* else this one has yet to prove good */
			backoff_reset(&auth->backoff);
		}
		auth->pause_until = 0.0;
		auth->off = false;
		return true;
	}
	(void)snprintf(auth->why, sizeof auth->why, "etcd's answer to a login cannot be read");
	return false;
}

/* Goes on without a token until etcd asks for one. */
static void go_without(struct etcd_auth *auth)
{
	auth->off = true;
	forget_token(auth);
	auth->notice->say(auth->notice,
			"etcd has authentication switched off: going on without a user");
}

/* From the loop, above which nothing is left: what sends and receives has large buffers there. */
static void on_wipe(struct ev_loop *loop, ev_timer *wipe, int revents)
{
	UNUSED(loop);
	UNUSED(wipe);
	UNUSED(revents);
	wiping_stack();
}

static void on_logged_in(struct route_request *request, const struct etcd_answer *answer)
{
	struct etcd_auth *auth = CONTAINER_OF(request, struct etcd_auth, request);
	struct etcd_answer failed = *answer;
	bool done = false;

	etcd_body_free(&auth->body);
	timer_start(auth->loop, &auth->wipe, 0.0);
	failed.body = NULL;
	failed.len = 0;
	failed.text = failed.sentence = auth->why;
	if (answer->ok) {
		done = accept(auth, answer);
		failed.ok = false;
		failed.trouble = TROUBLE_OTHER;
	} else if (answer->trouble == TROUBLE_NO_AUTH) {
		go_without(auth);
		done = true;
	} else if (answer->trouble == TROUBLE_PASSWORD) {
		(void)snprintf(auth->why, sizeof auth->why, "%s (%s%s)", answer->sentence,
				password_file_hint(auth), auth->settings->password_file);
		start_pause(auth);
	} else {
		(void)snprintf(auth->why, sizeof auth->why, "logging in: %s", answer->sentence);
		if (answer->patient) {
			start_pause(auth);
		}
	}
	if (!done) {
		auth->refresh_at = clock_now() + PAUSE_MIN;
	}
	if (!done && auth->token != NULL && auth->waiting == NULL) {
		auth->notice->say(auth->notice, auth->why); /* in the background: nobody heard */
	}
	tell_all(&auth->waiting, done ? NULL : &failed);
}

/* The password, into `buffer` when it is in a file; NULL, with *err filled, when there is none. */
static const char *password(
		struct etcd_auth *auth, char buffer[SECRET_FILE_MAX + 1], struct err *err)
{
	const struct etcd_settings *s = auth->settings;

	if (s->password_file[0] == '\0') {
		return s->password;
	}
	return secret_file_read(s->password_file, buffer, &auth->stamp, err) < 0 ? NULL : buffer;
}

/* False when there is no password to log in with; a pause has begun then. */
static bool log_in(struct etcd_auth *auth)
{
	double timeout = (double)auth->settings->request_timeout_ms / 1000.0;
	char buffer[SECRET_FILE_MAX + 1];
	struct err err;
	const char *secret = password(auth, buffer, &err);

	if (secret == NULL) {
		(void)snprintf(auth->why, sizeof auth->why, "etcd.password_file: %s", err.text);
		start_pause(auth);
		explicit_bzero(buffer, sizeof buffer);
		return false;
	}
	(void)etcd_encode_log_in(&auth->body, auth->settings->username, secret);
	explicit_bzero(buffer, sizeof buffer);
	struct route_call call = {
		.path = ETCD_PATH_LOG_IN,
		.token = "",
		.body = &auth->body,
		.deadline = clock_now() + (timeout > TIMEOUT_MIN ? timeout : TIMEOUT_MIN),
	};
	etcd_route_start(auth->route, &auth->request, &call, on_logged_in);
	return true;
}

/* ---- asking ---------------------------------------------------------------------- */

static bool paused(struct etcd_auth *auth)
{
	const char *file = auth->settings->password_file;
	double now = clock_now();

	if (now >= auth->pause_until) {
		return false;
	}
	if (file[0] == '\0' || now - auth->looked_at < LOOK_EVERY) {
		return true;
	}
	auth->looked_at = now;
	if (!secret_file_changed(file, &auth->stamp)) {
		return true;
	}
	auth->pause_until = 0.0;
	backoff_reset(&auth->backoff);
	return false;
}

static void refresh(struct etcd_auth *auth)
{
	if (!in_flight(auth) && clock_now() >= auth->refresh_at && !paused(auth) && !log_in(auth)) {
		auth->notice->say(auth->notice, auth->why);
	}
}

bool etcd_auth_ask(struct etcd_auth *auth, struct auth_wait *wait, auth_done *done)
{
	assert(wait->done == NULL);
	if (auth->settings->username[0] == '\0' || auth->off) {
		return true;
	}
	if (auth->token != NULL) {
		refresh(auth);
		return true;
	}
	wait->done = done;
	if (in_flight(auth) || (!paused(auth) && log_in(auth))) {
		list_add(&auth->waiting, &wait->link);
		return false;
	}
	list_add(&auth->refused, &wait->link);
	if (!ev_is_active(&auth->tell)) {
		timer_start(auth->loop, &auth->tell, 0.0);
	}
	return false;
}

/* ---- refusals -------------------------------------------------------------------- */

/* A change of users or roles also makes tokens void, but says nothing about them. */
static void learn(struct etcd_auth *auth, const char *text)
{
	double age = clock_now() - auth->got_at;

	if (strstr(text, "auth store is old") != NULL) {
		return;
	}
	auth->short_lived = age < AT_ONCE ? auth->short_lived + 1 : 0;
	if (age < auth->life) {
		double life = age * LIFE_LEARNED;
		auth->life = life > LIFE_MIN ? life : LIFE_MIN;
	}
	if (auth->short_lived >= SHORT_LIVED) {
		(void)snprintf(auth->why, sizeof auth->why,
				"etcd refuses each token that it has just given to user \"%.100s\": %s",
				auth->settings->username, text);
		start_pause(auth);
	}
}

bool etcd_auth_refused(struct etcd_auth *auth, const struct etcd_token *token, const char *text)
{
	if (auth->settings->username[0] == '\0') {
		return false;
	}
	if (token == NULL) {
		auth->off = false; /* it has been switched on meanwhile */
	} else if (token == auth->token) {
		learn(auth, text);
		forget_token(auth);
	}
	return true;
}

/* ---- making and ending ----------------------------------------------------------- */

void etcd_auth_init(struct etcd_auth *auth, struct ev_loop *loop, struct etcd_route *route,
		const struct etcd_settings *settings, struct random *random,
		struct etcd_notice *notice)
{
	memset(auth, 0, sizeof *auth);
	auth->loop = loop;
	auth->route = route;
	auth->settings = settings;
	auth->random = random;
	auth->notice = notice;
	auth->life = LIFE_MAX;
	ev_timer_init(&auth->tell, on_tell, 0.0, 0.0);
	ev_timer_init(&auth->wipe, on_wipe, 0.0, 0.0);
}

void etcd_auth_finish(struct etcd_auth *auth)
{
	if (auth->loop == NULL) {
		return;
	}
	assert(auth->waiting == NULL && auth->refused == NULL);
	etcd_route_cancel(&auth->request);
	etcd_body_free(&auth->body);
	ev_timer_stop(auth->loop, &auth->tell);
	ev_timer_stop(auth->loop, &auth->wipe);
	forget_token(auth);
	memset(auth, 0, sizeof *auth);
}
