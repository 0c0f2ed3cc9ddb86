/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_DESCRIPTORS_H
#define TESTS_UNIT_DESCRIPTORS_H

/* descriptors - what the tests of the descriptor share. Include it after cmocka.h. */

#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/descriptor.h"
#include "agent/descriptor/problems.h"
#include "agent/util.h"

/* All that is required. */
#define SERVICE "service:\n  name: coupon-service\n  port: 50051\n"

/* The same for a reader; what follows goes into discover. */
#define READER                                                                                     \
	"discover:\n  services:\n    - name: coupon-service\n      outputs:\n"                     \
	"        - {type: json, path: /tmp/coupon.json}\n"

/* Takes away what a machine may have set and the shipped descriptors read. */
static inline int clear_environment(void **state)
{
	static const char *const variables[] = { "SERVICE_NAME", "SERVICE_HOST", "GRPC_PORT",
		"ETCD_HOSTS", "ETCD_PASSWORD", "GATEWAY_RUN_DIR" };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		unsetenv(variables[i]);
	}
	return 0;
}

static inline void show(const struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		print_message("%s\n", problems->at[i].text);
	}
}

/* The caller finishes it. */
static inline struct descriptor load_text(const char *text)
{
	struct descriptor d;
	struct problems problems = { 0 };
	int result = descriptor_parse(&d, "f", text, strlen(text), &problems);
	show(&problems);
	assert_int_equal(result, 0);
	assert_int_equal(problems.n, 0);
	problems_finish(&problems);
	return d;
}

/* One problem and no other; a warning leaves a descriptor behind. */
static inline void expect_problem(const char *text, const char *expected, bool warning)
{
	struct descriptor d;
	struct problems problems = { 0 };
	int result = descriptor_parse(&d, "f", text, strlen(text), &problems);
	show(&problems);
	assert_int_equal(result, warning ? 0 : -1);
	assert_int_equal(problems.n, 1);
	assert_string_equal(problems.at[0].text, expected);
	assert_int_equal(problems.at[0].warning, warning);
	descriptor_finish(&d);
	problems_finish(&problems);
}

#endif
