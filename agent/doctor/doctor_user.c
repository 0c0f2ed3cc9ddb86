/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_user - the permission to write is tried by a transaction that never
 * comes true: it puts the keys if their mod_revision is -1. etcd judges all that
 * a transaction could do before it compares anything (seen with 3.4), so it
 * refuses whom it would refuse, and changes nothing.
 */
#include "agent/doctor/doctor_user.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/secret_file.h"

#define CHECK_USER       "user"
#define CHECK_PERMISSION "permission"

#define LOGIN_TIMEOUT 5.0 /* seconds; a password is made to be slow to check */

/* ---- logging in ------------------------------------------------------------------------- */

/* The password, into `buffer` when it is in a file; NULL when there is none, which is said. */
static const char *password(
		struct doctor *d, const struct etcd_settings *s, char buffer[SECRET_FILE_MAX + 1])
{
	struct secret_stamp stamp;
	struct err err;

	if (s->password_file[0] == '\0') {
		return s->password;
	}
	if (secret_file_read(s->password_file, buffer, &stamp, &err) < 0) {
		doctor_find(&d->findings, CHECK_USER, s->username, AUTH_NO_PASSWORD, "%s",
				err.text);
		return NULL;
	}
	return buffer;
}

static void judge_login(struct doctor *d, struct doctor_cluster *c, const struct doctor_ask *ask)
{
	struct doctor_findings *f = &d->findings;
	const char *user = c->settings->username;

	if (doctor_ask_ok(ask) && etcd_decode_log_in(ask->message, ask->len, &c->token)) {
		c->usable = true;
		doctor_find(f, CHECK_USER, user, DOCTOR_OK, "etcd takes the password");
	} else if (ask->trouble == TROUBLE_NO_AUTH) {
		c->usable = true;
		doctor_find(f, CHECK_USER, user, AUTH_OFF,
				"etcd has authentication switched off: the user does not count");
	} else if (ask->trouble == TROUBLE_PASSWORD) {
		doctor_find(f, CHECK_USER, user, AUTH_FAILED,
				"etcd refuses it: wrong name or password");
	} else {
		doctor_find(f, CHECK_USER, user, AUTH_ERROR, "%s", ask->text);
	}
}

static void log_in(struct doctor *d, struct doctor_cluster *c)
{
	char buffer[SECRET_FILE_MAX + 1];
	const char *secret = password(d, c->settings, buffer);
	double timeout = doctor_cluster_timeout(c);
	struct doctor_ask ask = { .target = c->member, .path = ETCD_PATH_LOG_IN, .token = "" };

	if (secret != NULL) {
		(void)etcd_encode_log_in(&ask.body, c->settings->username, secret);
		doctor_ask_all(d, &ask, 1, timeout > LOGIN_TIMEOUT ? timeout : LOGIN_TIMEOUT);
		judge_login(d, c, &ask);
		doctor_ask_finish(&ask);
	}
	explicit_bzero(buffer, sizeof buffer);
}

/* No user is named: does etcd want one? Reading any key tells. */
static void try_without(struct doctor *d, struct doctor_cluster *c)
{
	struct etcd_body body = { NULL, 0 };
	struct doctor_ask ask;

	(void)etcd_encode_range(&body, "svc-agent doctor");
	doctor_cluster_ask(d, c, &ask, ETCD_PATH_RANGE, body);
	c->usable = doctor_ask_ok(&ask) || ask.trouble == TROUBLE_DENIED;
	if (doctor_ask_ok(&ask)) {
		doctor_find(&d->findings, CHECK_USER, "", DOCTOR_OK,
				"none is named, and none is wanted");
	} else if (ask.trouble == TROUBLE_DENIED) {
		doctor_find(&d->findings, CHECK_USER, "", DOCTOR_OK,
				"none is named; etcd takes the one of the client's certificate");
	} else if (ask.trouble == TROUBLE_TOKEN) {
		doctor_find(&d->findings, CHECK_USER, "", AUTH_NEEDED,
				"none is named, and etcd wants one (%s)", ask.text);
	} else {
		doctor_find(&d->findings, CHECK_USER, "", AUTH_ERROR, "%s", ask.text);
	}
	doctor_ask_finish(&ask);
}

void doctor_user_check(struct doctor *d, struct doctor_cluster *c)
{
	if (c->member == NULL) {
		doctor_find(&d->findings, CHECK_USER, c->settings->username, DOCTOR_SKIPPED,
				"there is no member to ask");
	} else if (c->settings->username[0] != '\0') {
		log_in(d, c);
	} else {
		try_without(d, c);
	}
}

/* ---- permissions ------------------------------------------------------------------------ */

bool doctor_user_answered(struct doctor *d, const struct doctor_cluster *c,
		const struct doctor_ask *ask, const char *check, const char *subject)
{
	struct doctor_findings *f = &d->findings;
	const char *user = c->settings->username;

	if (doctor_ask_ok(ask)) {
		return true;
	}
	if (ask->trouble == TROUBLE_DENIED) {
		doctor_find(f, check, subject, PERMISSION_READ, "%s%s may not read this",
				user[0] != '\0' ? "user " : "the user of the certificate", user);
	} else if (ask->end == CARRIER_ANSWERED) {
		doctor_find(f, check, subject, ETCD_ERROR, "etcd answers %s: %s",
				grpc_code_name(ask->code), ask->text);
	} else {
		doctor_find(f, check, subject, ETCD_BROKEN, "%s", ask->text);
	}
	return false;
}

/* Told from one another: neither, or only reading. */
static bool may_read(
		struct doctor *d, const struct doctor_cluster *c, const struct entries *entries)
{
	struct etcd_body body = { NULL, 0 };
	struct doctor_ask ask;

	(void)etcd_encode_read_all(&body, entries->at, entries->n);
	doctor_cluster_ask(d, c, &ask, ETCD_PATH_TXN, body);
	bool may = doctor_ask_ok(&ask);
	doctor_ask_finish(&ask);
	return may;
}

static void say_denied(
		struct doctor *d, const struct doctor_cluster *c, const struct entries *entries)
{
	const char *user = c->settings->username;
	char more[48] = "";

	if (entries->n > 1) {
		(void)snprintf(more, sizeof more, ", or one of %zu more", entries->n - 1);
	}
	doctor_find(&d->findings, CHECK_PERMISSION, entries->at[0].key, PERMISSION_DENIED,
			"%s%s may %s this key%s",
			user[0] != '\0' ? "user " : "the user of the certificate", user,
			may_read(d, c, entries) ? "read, but not write," : "neither read nor write",
			more);
}

static bool judge_write(struct doctor *d, const struct doctor_cluster *c,
		const struct doctor_ask *ask, const struct entries *entries)
{
	struct doctor_findings *f = &d->findings;
	const char *key = entries->at[0].key;

	if (doctor_ask_ok(ask)) {
		doctor_find(f, CHECK_PERMISSION, key, DOCTOR_OK,
				"it may be written (tried without a change)");
		return true;
	}
	if (ask->trouble == TROUBLE_DENIED) {
		say_denied(d, c, entries);
		return false;
	}
	if (ask->trouble == TROUBLE_SPACE) {
		doctor_find(f, CHECK_PERMISSION, key, ETCD_ALARM_NOSPACE,
				"etcd says that its database is full");
		return true;
	}
	return doctor_user_answered(d, c, ask, CHECK_PERMISSION, key);
}

bool doctor_user_may_write(
		struct doctor *d, const struct doctor_cluster *c, const struct entries *entries)
{
	int64_t never[N_FORMATS];
	struct etcd_body body = { NULL, 0 };
	struct doctor_ask ask;

	if (!c->usable || c->frozen) {
		doctor_find(&d->findings, CHECK_PERMISSION, entries->at[0].key, DOCTOR_SKIPPED,
				c->frozen ? "cannot be told while an alarm lets nothing be written"
					  : "etcd cannot be asked as the user");
		return c->usable;
	}
	for (size_t i = 0; i < entries->n; i++) {
		never[i] = -1;
	}
	(void)etcd_encode_put_if(&body, entries->at, entries->n, never, 0);
	doctor_cluster_ask(d, c, &ask, ETCD_PATH_TXN, body);
	bool may = judge_write(d, c, &ask, entries);
	doctor_ask_finish(&ask);
	return may;
}
