/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/net/tls_context.h"
#include "agent/util.h"

static char path[] = "/tmp/openssl_library.XXXXXX"; /* of the configuration */

/* OpenSSL reads it once in the life of a process: this one has one test. */
static void configure(const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	assert_int_equal(setenv("OPENSSL_CONF", path, 1), 0);
}

static void a_configuration_without_algorithms_is_no_want_of_memory(void **state)
{
	struct err err, again;

	UNUSED(state);
	configure("openssl_conf = all\n[all]\nproviders = some\n[some]\nbase = on\n"
		  "[on]\nactivate = 1\n");
	assert_int_equal(tls_context_prepare(&err), -1);
	(void)unlink(path);
	assert_null(strstr(err.text, "memory"));
	assert_non_null(strstr(err.text, "TLS cannot be set up"));
	assert_non_null(strstr(err.text, "OpenSSL says"));
	assert_null(strstr(err.text, "nothing about it"));
	assert_int_equal(tls_context_prepare(&again), -1);
	assert_string_equal(again.text, err.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_configuration_without_algorithms_is_no_want_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
