/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/net/etcd_error.h"
#include "agent/net/grpc_status.h"
#include "agent/util.h"

/* The texts are etcd's own. */
static void reads_what_etcd_says(void **state)
{
	/* clang-format off */
	static const struct { int code; const char *text; enum etcd_trouble trouble; } rows[] = {
		{ 0,  "",                                                    TROUBLE_NONE     },
		{ 14, "etcdserver: no leader",                               TROUBLE_MEMBER   },
		{ 14, "etcdserver: request timed out, possibly due to previous leader failure",
		                                                             TROUBLE_MEMBER   },
		{ 14, "etcdserver: server stopped",                          TROUBLE_MEMBER   },
		{ 9,  "etcdserver: rpc not supported for learner",           TROUBLE_MEMBER   },
		{ 9,  "etcdserver: not leader",                              TROUBLE_MEMBER   },
		{ 12, "unknown service etcdserverpb.Lease",                  TROUBLE_MEMBER   },
		{ 2,  "context deadline exceeded",                           TROUBLE_MEMBER   },
		{ 8,  "etcdserver: too many requests",                       TROUBLE_BUSY     },
		{ 8,  "etcdserver: mvcc: database space exceeded",           TROUBLE_SPACE    },
		{ 16, "etcdserver: invalid auth token",                      TROUBLE_TOKEN    },
		{ 3,  "etcdserver: revision of auth store is old",           TROUBLE_TOKEN    },
		{ 3,  "etcdserver: user name is empty",                      TROUBLE_TOKEN    },
		{ 3,  "etcdserver: authentication failed, invalid user ID or password",
		                                                             TROUBLE_PASSWORD },
		{ 3,  "etcdserver: authentication failed, password was given for no password user",
		                                                             TROUBLE_PASSWORD },
		{ 9,  "etcdserver: authentication is not enabled",           TROUBLE_NO_AUTH  },
		{ 7,  "etcdserver: permission denied",                       TROUBLE_DENIED   },
		{ 5,  "etcdserver: requested lease not found",               TROUBLE_GONE     },
		{ 5,  "etcdserver: something else not found",                TROUBLE_OTHER    },
		{ 14, "etcdserver: requested lease not found",               TROUBLE_MEMBER   },
		{ 11, "etcdserver: too large lease TTL",                     TROUBLE_HOPELESS },
		{ 3,  "etcdserver: request is too large",                    TROUBLE_HOPELESS },
		{ 13, "stream terminated",                                   TROUBLE_OTHER    },
		{ 99, "",                                                    TROUBLE_OTHER    },
	};
	/* clang-format on */
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(etcd_error_read(rows[i].code, rows[i].text), rows[i].trouble);
	}
}

static void each_has_its_consequence(void **state)
{
	UNUSED(state);
	for (enum etcd_trouble t = TROUBLE_NONE; t < N_TROUBLES; t++) {
		const struct etcd_consequence *then = etcd_error_consequence(t);
		assert_int_equal(then->repeat, t == TROUBLE_MEMBER);
		assert_int_equal(then->leave, t == TROUBLE_MEMBER || t == TROUBLE_BUSY);
		assert_true(!then->repeat || !then->patient);
	}
	assert_true(etcd_error_consequence(TROUBLE_DENIED)->patient);
	assert_true(etcd_error_consequence(TROUBLE_SPACE)->patient);
	assert_false(etcd_error_consequence(TROUBLE_GONE)->patient);
}

static void expect_sentence(
		enum etcd_trouble trouble, const char *user, const char *key, const char *sentence)
{
	const struct etcd_error_about about = {
		.user = user, .keys = &key, .n_keys = *key == '\0' ? 0 : 1
	};
	char out[ETCD_SENTENCE_MAX];

	etcd_error_say(out, sizeof out, trouble, &about, 3, "etcd's words");
	assert_string_equal(out, sentence);
}

static void says_what_can_be_done(void **state)
{
	UNUSED(state);
	expect_sentence(TROUBLE_DENIED, "x", "/services/s/h:1",
			"etcd: user \"x\" may not write /services/s/h:1: "
			"give its role readwrite on /services/s/");
	expect_sentence(TROUBLE_DENIED, "", "",
			"etcd: the user of the client's certificate may not do this: "
			"its role needs readwrite on the prefix of the service's key");
	expect_sentence(TROUBLE_TOKEN, "", "",
			"etcd wants a user (etcd's words): "
			"set etcd.username and etcd.password_file");
	expect_sentence(TROUBLE_PASSWORD, "x", "",
			"etcd refuses user \"x\": wrong name or password");
	expect_sentence(TROUBLE_HOPELESS, "", "",
			"etcd refuses the request itself, and will again (INVALID_ARGUMENT): "
			"etcd's words");
	expect_sentence(TROUBLE_OTHER, "", "", "etcd answered INVALID_ARGUMENT: etcd's words");
}

/* Keys that are written together need a grant each, those of one folder the same. */
static void names_what_several_keys_need(void **state)
{
	static const char *const keys[] = { "/services/s/h:1", "s/h:1", "s/17" };
	const struct etcd_error_about about = {
		.user = "x", .keys = keys, .n_keys = ARRAY_LEN(keys)
	};
	char out[ETCD_SENTENCE_MAX];

	UNUSED(state);
	etcd_error_say(out, sizeof out, TROUBLE_DENIED, &about, 7, "etcd's words");
	assert_string_equal(out,
			"etcd: user \"x\" may not write /services/s/h:1 and 2 more, or one of "
			"them: give its role readwrite on /services/s/, s/");
}

/* Every sentence fits and is one line, however long its parts are. */
static void sentences_are_bounded(void **state)
{
	char longest[2000], out[ETCD_SENTENCE_MAX];
	const char *const keys[] = { longest, longest + 1, longest + 2 };
	const struct etcd_error_about about = {
		.user = longest, .keys = keys, .n_keys = ARRAY_LEN(keys)
	};
	UNUSED(state);
	memset(longest, '/', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	for (enum etcd_trouble t = TROUBLE_NONE; t < N_TROUBLES; t++) {
		etcd_error_say(out, sizeof out, t, &about, 99, "text");
		assert_in_range(strlen(out), 20, sizeof out - 1);
		assert_null(strchr(out, '\n'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_etcd_says),
		cmocka_unit_test(each_has_its_consequence),
		cmocka_unit_test(says_what_can_be_done),
		cmocka_unit_test(names_what_several_keys_need),
		cmocka_unit_test(sentences_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
