/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/counts.h"
#include "agent/net/etcd_codec.h"
#include "agent/net/etcd_counts.h"
#include "agent/net/etcd_read_codec.h"
#include "agent/util.h"

static uint64_t total(const struct etcd_counts *counts)
{
	uint64_t n = 0;

	for (size_t method = 0; method < N_ETCD_METHODS; method++) {
		for (size_t code = 0; code < N_ETCD_CODES; code++) {
			n += counts->requests[method][code];
		}
	}
	return n;
}

static uint64_t timed(const struct etcd_counts *counts)
{
	uint64_t n = 0;

	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		n += counts->took.n[i];
	}
	return n;
}

static void each_call_is_counted_by_its_name_and_its_end(void **state)
{
	struct etcd_counts counts = { 0 };

	UNUSED(state);
	etcd_counts_note(&counts, ETCD_PATH_GRANT, etcd_code_of_status(GRPC_OK), 0.002);
	etcd_counts_note(&counts, ETCD_PATH_GRANT, etcd_code_of_status(GRPC_UNAVAILABLE), 0.002);
	etcd_counts_note(&counts, ETCD_PATH_LOG_IN, ETCD_CODE_TIMEOUT, 2.0);
	etcd_counts_note(&counts, "/etcdserverpb.Maintenance/Status", ETCD_CODE_REFUSED, 0.0);
	assert_int_equal(counts.requests[ETCD_METHOD_GRANT][GRPC_OK], 1);
	assert_int_equal(counts.requests[ETCD_METHOD_GRANT][GRPC_UNAVAILABLE], 1);
	assert_int_equal(counts.requests[ETCD_METHOD_LOG_IN][ETCD_CODE_TIMEOUT], 1);
	assert_int_equal(counts.requests[ETCD_METHOD_OTHER][ETCD_CODE_REFUSED], 1);
	assert_int_equal(total(&counts), 4);
	assert_int_equal(timed(&counts), 4);
	assert_true(counts.took.sum == 2.004);
}

static void a_stream_is_counted_without_its_length(void **state)
{
	struct etcd_counts counts = { 0 };

	UNUSED(state);
	etcd_counts_note(&counts, ETCD_PATH_WATCH, ETCD_CODE_BROKEN, -1.0);
	assert_int_equal(counts.requests[ETCD_METHOD_WATCH][ETCD_CODE_BROKEN], 1);
	assert_int_equal(timed(&counts), 0);
}

static void nobody_who_counts_is_no_trouble(void **state)
{
	UNUSED(state);
	etcd_counts_note(NULL, ETCD_PATH_TXN, ETCD_CODE_TLS, 1.0);
}

static void whatever_status_etcd_sends_has_a_place(void **state)
{
	UNUSED(state);
	assert_int_equal(etcd_code_of_status(GRPC_UNAUTHENTICATED), GRPC_UNAUTHENTICATED);
	assert_int_equal(etcd_code_of_status(N_GRPC_CODES), ETCD_CODE_STRANGE);
	assert_int_equal(etcd_code_of_status(-1), ETCD_CODE_STRANGE);
	assert_int_equal(etcd_code_of_status(99), ETCD_CODE_STRANGE);
}

static void every_word_is_there_and_stands_for_one_thing(void **state)
{
	UNUSED(state);
	for (size_t i = 0; i < N_ETCD_CODES; i++) {
		assert_non_null(etcd_code_name((enum etcd_code)i));
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(etcd_code_name((enum etcd_code)i),
					etcd_code_name((enum etcd_code)k));
		}
	}
	for (size_t i = 0; i < N_ETCD_METHODS; i++) {
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(etcd_method_name((enum etcd_method)i),
					etcd_method_name((enum etcd_method)k));
		}
	}
	assert_string_equal(etcd_method_name(ETCD_METHOD_KEEP_ALIVE), "LeaseKeepAlive");
	assert_string_equal(etcd_method_name(ETCD_METHOD_TIME_TO_LIVE), "LeaseTimeToLive");
	assert_string_equal(etcd_method_name(ETCD_METHOD_OTHER), "other");
	assert_string_equal(etcd_code_name((enum etcd_code)GRPC_OK), "OK");
	assert_string_equal(etcd_code_name(ETCD_CODE_NOT_GRPC), "not_grpc");
}

static void every_absence_has_its_word(void **state)
{
	UNUSED(state);
	assert_string_equal(absence_name(ABSENCE_UNHEALTHY), "unhealthy");
	assert_string_equal(absence_name(ABSENCE_DRAINED), "drained");
	assert_string_equal(absence_name(ABSENCE_STOPPED), "stopped");
	assert_string_equal(absence_name(ABSENCE_RELOADED), "reloaded");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_is_counted_by_its_name_and_its_end),
		cmocka_unit_test(a_stream_is_counted_without_its_length),
		cmocka_unit_test(nobody_who_counts_is_no_trouble),
		cmocka_unit_test(whatever_status_etcd_sends_has_a_place),
		cmocka_unit_test(every_word_is_there_and_stands_for_one_thing),
		cmocka_unit_test(every_absence_has_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
