/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/util.h"
#include "tests/unit/etcd_auth_stage.h"

/* ---- a played etcd: takes the place of etcd_route.c ------------------------------------------ */

struct route_request *asked; /* the Authenticate in flight */
unsigned logins;
char sent[SENT_MAX];

void etcd_route_start(struct etcd_route *route, struct route_request *r,
		const struct route_call *call, route_done *done)
{
	assert_null(asked); /* one at a time */
	assert_string_equal(call->path, ETCD_PATH_LOG_IN);
	assert_string_equal(call->token, "");
	assert_in_range(call->body->len, 6, sizeof sent);
	memcpy(sent, call->body->at, call->body->len);
	r->route = route;
	r->done = done;
	asked = r;
	logins++;
}

void etcd_route_cancel(struct route_request *r)
{
	if (r->route != NULL) {
		r->route = NULL;
		asked = NULL;
	}
}

void answer(const struct etcd_answer *with)
{
	struct route_request *r = asked;

	assert_non_null(r);
	asked = NULL;
	r->route = NULL;
	r->done(r, with);
}

void give_token(void)
{
	static const uint8_t body[] = "\0\0\0\0\x05\x12\x03tok";
	struct etcd_answer ok = { .ok = true, .body = body, .len = sizeof body - 1 };

	answer(&ok);
}

void refuse(enum etcd_trouble trouble)
{
	struct etcd_answer no = { .trouble = trouble,
		.text = "no",
		.sentence = "etcd says no",
		.patient = etcd_error_consequence(trouble)->patient };

	answer(&no);
}

/* ---- those who ask --------------------------------------------------------------------------- */

double now;
static struct random dice;
static struct etcd_route route;
struct etcd_settings settings;
struct etcd_auth auth;
unsigned notices;
char nothing[] = "";
static char user[] = "me", secret[] = "pw";

struct caller callers[CALLERS];

static double fake_now(void)
{
	return now;
}

static void on_notice(struct etcd_notice *notice, const char *sentence)
{
	UNUSED(notice);
	assert_true(strlen(sentence) > 10);
	notices++;
}

static struct etcd_notice notice = { on_notice };

static void on_told(struct auth_wait *wait, const struct etcd_answer *failed)
{
	struct caller *c = CONTAINER_OF(wait, struct caller, wait);

	c->told++;
	if (failed != NULL) {
		c->failed++;
		c->patient = failed->patient;
		(void)snprintf(c->why, sizeof c->why, "%s", failed->sentence);
	}
}

bool ask(unsigned i)
{
	return etcd_auth_ask(&auth, &callers[i].wait, on_told);
}

int set_up(void **state)
{
	UNUSED(state);
	now = 1000.0;
	clock_replace(fake_now);
	random_seed(&dice, 7);
	logins = notices = 0;
	memset(callers, 0, sizeof callers);
	settings = (struct etcd_settings){
		.username = user,
		.password = secret,
		.password_file = nothing,
		.request_timeout_ms = 2000,
	};
	etcd_auth_init(&auth, ev_default_loop(0), &route, &settings, &dice, &notice);
	return 0;
}

int tear_down(void **state)
{
	UNUSED(state);
	etcd_auth_finish(&auth);
	clock_replace(NULL);
	assert_null(asked);
	return 0;
}

void get_token(void)
{
	assert_false(ask(0));
	give_token();
	assert_non_null(auth.token);
}

void lose_token(const char *text)
{
	struct etcd_token *token = etcd_auth_take(&auth);

	assert_true(etcd_auth_refused(&auth, token, text));
	etcd_auth_give(token);
	assert_null(auth.token);
}
