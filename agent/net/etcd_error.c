/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/etcd_error.h"

#include <stdio.h>
#include <string.h>

#include "agent/net/grpc_status.h"
#include "agent/util.h"

/*
 * The first row that fits counts. The code -1 stands for any: versions of etcd
 * differ in the code that goes with these texts, and a watch that is ended from
 * within its stream has the text alone.
 */
#define ANY_CODE (-1)

struct row {
	int code;
	const char *text; /* a part of etcd's message; "": whatever it is */
	enum etcd_trouble trouble;
};

/* clang-format off */
static const struct row rows[] = {
	{ GRPC_OK,                  "",                                TROUBLE_NONE     },
	{ GRPC_NOT_FOUND,           "requested lease not found",       TROUBLE_GONE     },
	{ ANY_CODE,                 "rpc not supported for learner",   TROUBLE_MEMBER   },
	{ ANY_CODE,                 "etcdserver: not leader",          TROUBLE_MEMBER   },
	{ ANY_CODE,                 "etcdserver: no leader",           TROUBLE_MEMBER   },
	{ ANY_CODE,                 "context deadline exceeded",       TROUBLE_MEMBER   },
	{ GRPC_UNAVAILABLE,         "",                                TROUBLE_MEMBER   },
	{ GRPC_DEADLINE_EXCEEDED,   "",                                TROUBLE_MEMBER   },
	{ GRPC_CANCELLED,           "",                                TROUBLE_MEMBER   },
	{ GRPC_UNIMPLEMENTED,       "",                                TROUBLE_MEMBER   },
	{ ANY_CODE,                 "database space exceeded",         TROUBLE_SPACE    },
	{ ANY_CODE,                 "etcdserver: too many requests",   TROUBLE_BUSY     },
	{ ANY_CODE,                 "revision of auth store is old",   TROUBLE_TOKEN    },
	{ ANY_CODE,                 "user name is empty",              TROUBLE_TOKEN    },
	{ ANY_CODE,                 "etcdserver: invalid auth token",  TROUBLE_TOKEN    },
	{ ANY_CODE,                 "etcdserver: permission denied",   TROUBLE_DENIED   },
	{ ANY_CODE,                 "authentication failed",           TROUBLE_PASSWORD },
	{ ANY_CODE,                 "authentication is not enabled",   TROUBLE_NO_AUTH  },
	{ GRPC_UNAUTHENTICATED,     "",                                TROUBLE_TOKEN    },
	{ GRPC_PERMISSION_DENIED,   "",                                TROUBLE_DENIED   },
	{ GRPC_RESOURCE_EXHAUSTED,  "",                                TROUBLE_BUSY     },
	{ GRPC_INVALID_ARGUMENT,    "",                                TROUBLE_HOPELESS },
	{ GRPC_OUT_OF_RANGE,        "",                                TROUBLE_HOPELESS },
};

/*
 * A busy member lags behind its own log, so the next call goes elsewhere; but
 * not the same call, at once: a cluster that is busy as a whole must not be
 * asked once more by each of its clients for each of its members.
 */
static const struct etcd_consequence consequences[N_TROUBLES] = {
	/*                      leave  repeat patient */
	[TROUBLE_NONE] =      { false, false, false },
	[TROUBLE_MEMBER] =    { true,  true,  false },
	[TROUBLE_BUSY] =      { true,  false, true  },
	[TROUBLE_TOKEN] =     { false, false, false },
	[TROUBLE_PASSWORD] =  { false, false, true  },
	[TROUBLE_NO_AUTH] =   { false, false, false },
	[TROUBLE_DENIED] =    { false, false, true  },
	[TROUBLE_SPACE] =     { false, false, true  },
	[TROUBLE_GONE] =      { false, false, false },
	[TROUBLE_LONG] =      { false, false, true  },
	[TROUBLE_HOPELESS] =  { false, false, true  },
	[TROUBLE_OTHER] =     { false, false, false },
};
/* clang-format on */

enum etcd_trouble etcd_error_read(int code, const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if ((rows[i].code == ANY_CODE || rows[i].code == code) &&
				strstr(text, rows[i].text) != NULL) {
			return rows[i].trouble;
		}
	}
	return TROUBLE_OTHER;
}

const struct etcd_consequence *etcd_error_consequence(enum etcd_trouble trouble)
{
	return &consequences[trouble];
}

/* `user "x"`, or whoever the certificate names. */
static void name_user(char *out, size_t size, const char *user)
{
	if (user[0] != '\0') {
		(void)snprintf(out, size, "user \"%.100s\"", user);
	} else {
		(void)snprintf(out, size, "the user of the client's certificate");
	}
}

/* Length of the folder that a key is in, with the '/' at its end. */
static size_t folder_len(const char *key)
{
	const char *end = strrchr(key, '/');

	return end == NULL ? 0 : (size_t)(end - key) + 1;
}

static bool is_named(const struct etcd_error_about *about, size_t i)
{
	size_t len = folder_len(about->keys[i]);

	for (size_t k = 0; k < i; k++) {
		if (folder_len(about->keys[k]) == len &&
				strncmp(about->keys[k], about->keys[i], len) == 0) {
			return true;
		}
	}
	return false;
}

/* A grant on the folder of each key is what the operations page advises. */
static void say_denied(char *out, size_t size, const struct etcd_error_about *about)
{
	char user[120], more[48] = "";

	name_user(user, sizeof user, about->user);
	if (about->reading) {
		(void)snprintf(out, size, "etcd: %s may not read %.260s: give its role read on it",
				user, about->keys[0]);
		return;
	}
	if (about->n_keys == 0 || folder_len(about->keys[0]) == 0) {
		(void)snprintf(out, size,
				"etcd: %s may not do this: its role needs readwrite on the "
				"prefix of the service's key",
				user);
		return;
	}
	if (about->n_keys > 1) {
		(void)snprintf(more, sizeof more, " and %zu more, or one of them",
				about->n_keys - 1);
	}
	(void)snprintf(out, size, "etcd: %s may not write %.260s%s: give its role readwrite on ",
			user, about->keys[0], more);
	for (size_t i = 0; i < about->n_keys; i++) {
		size_t len = folder_len(about->keys[i]), at = strlen(out);
		if (!is_named(about, i)) {
			(void)snprintf(out + at, size - at, "%s%.*s", i == 0 ? "" : ", ",
					(int)(len < 250 ? len : 250), about->keys[i]);
		}
	}
}

static void say_no_token(char *out, size_t size, const char *user, const char *text)
{
	if (user[0] == '\0') {
		(void)snprintf(out, size,
				"etcd wants a user (%s): set etcd.username and etcd.password_file",
				text);
	} else {
		(void)snprintf(out, size, "etcd refuses the token of user \"%.100s\": %s", user,
				text);
	}
}

void etcd_error_say(char *out, size_t size, enum etcd_trouble trouble,
		const struct etcd_error_about *about, int code, const char *text)
{
	switch (trouble) {
	case TROUBLE_DENIED:
		say_denied(out, size, about);
		return;
	case TROUBLE_TOKEN:
		say_no_token(out, size, about->user, text);
		return;
	case TROUBLE_PASSWORD:
		(void)snprintf(out, size, "etcd refuses user \"%.100s\": wrong name or password",
				about->user);
		return;
	case TROUBLE_GONE:
		(void)snprintf(out, size, "etcd does not know the lease any more");
		return;
	case TROUBLE_SPACE:
		(void)snprintf(out, size,
				"etcd's database is full: leases are still renewed, but nothing "
				"can be written until it is compacted, defragmented and its alarm "
				"disarmed (etcdctl alarm disarm)");
		return;
	case TROUBLE_HOPELESS:
		(void)snprintf(out, size,
				"etcd refuses the request itself, and will again (%s): %s",
				grpc_code_name(code), text);
		return;
	case TROUBLE_NONE:
	case TROUBLE_MEMBER:
	case TROUBLE_BUSY:
	case TROUBLE_NO_AUTH:
	case TROUBLE_LONG:
	case TROUBLE_OTHER:
	case N_TROUBLES:
		break;
	}
	(void)snprintf(out, size, "etcd answered %s: %s", grpc_code_name(code), text);
}
