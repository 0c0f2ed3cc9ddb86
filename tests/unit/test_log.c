/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/utf8.h"
#include "agent/util.h"

/* What one call wrote to stderr. */
static char wrote[32768];

static int kept, ends[2];

static void begin(enum log_level level, enum log_format format)
{
	log_setup(level, format);
	kept = dup(STDERR_FILENO);
	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	(void)close(ends[1]);
}

static void end(void)
{
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	(void)close(kept);
	ssize_t n = read(ends[0], wrote, sizeof wrote - 1);
	assert_true(n >= 0);
	wrote[n] = '\0';
	(void)close(ends[0]);
}

/* 2026-11-22T16:00:00.123Z and the rest of one line. */
static void expect_line(const char *rest)
{
	assert_true(strlen(wrote) > 25);
	assert_int_equal(wrote[10], 'T');
	assert_int_equal(wrote[19], '.');
	assert_int_equal(wrote[23], 'Z');
	assert_string_equal(wrote + 24, rest);
}

static void writes_a_line_of_text(void **state)
{
	UNUSED(state);
	begin(LOG_INFO, LOG_TEXT);
	log_write(LOG_WARN,
			LOG_FIELDS(LOG_STR("service", "coupon"), LOG_HEX("lease", 0x2d1f),
					LOG_INT("tries", -3), LOG_TOOK("took", 0.0008),
					LOG_SAY("it is \"gone\"")),
			"health %s -> %s", "up", "down");
	end();
	expect_line(" warn  health up -> down service=coupon lease=2d1f tries=-3 took=0.8ms "
		    "\"it is \\\"gone\\\"\"\n");
}

static void leaves_out_what_is_empty(void **state)
{
	UNUSED(state);
	begin(LOG_INFO, LOG_TEXT);
	log_write(LOG_INFO,
			LOG_FIELDS(LOG_STR("a", ""), LOG_STR("b", NULL), LOG_SAY(NULL),
					LOG_TOOK("took", 0.0), LOG_INT("n", 0)),
			"fact");
	end();
	expect_line(" info  fact n=0\n");
}

static void no_text_forges_a_line(void **state)
{
	UNUSED(state);
	begin(LOG_INFO, LOG_TEXT);
	log_write(LOG_ERROR, LOG_FIELDS(LOG_STR("v", "x\n2026 info fine=\x7f\x1b[0m")), "a\nb\r");
	end();
	expect_line(" error a\\x0ab\\x0d v=\"x\\x0a2026 info fine=\\x7f\\x1b[0m\"\n");
	assert_ptr_equal(strchr(wrote, '\n'), wrote + strlen(wrote) - 1);
}

static void prints_times_for_people(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} cases[] = {
		{ 0.0008, "0.8ms" },
		{ 0.0031, "3.1ms" },
		{ 0.0124, "12ms" },
		{ 0.25, "250ms" },
		{ 1.0, "1s" },
		{ 2.5, "2.5s" },
		{ 10.0, "10s" },
		{ 86400.0, "86400s" },
		{ 1234.0, "1234s" },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char expected[64];
		begin(LOG_INFO, LOG_TEXT);
		log_write(LOG_INFO, LOG_FIELDS(LOG_TOOK("t", cases[i].seconds)), "m");
		end();
		(void)snprintf(expected, sizeof expected, " info  m t=%s\n", cases[i].text);
		expect_line(expected);
	}
}

static void is_quiet_below_its_level(void **state)
{
	UNUSED(state);
	begin(LOG_WARN, LOG_TEXT);
	log_write(LOG_INFO, NULL, "no");
	log_write(LOG_DEBUG, NULL, "no");
	log_write(LOG_WARN, NULL, "yes");
	end();
	expect_line(" warn  yes\n");
	assert_true(log_enabled(LOG_ERROR) && log_enabled(LOG_WARN));
	assert_false(log_enabled(LOG_INFO));
}

static void writes_a_line_of_json(void **state)
{
	const char *msg;
	UNUSED(state);
	begin(LOG_INFO, LOG_JSON);
	log_write(LOG_WARN,
			LOG_FIELDS(LOG_STR("service", "a\"\n"), LOG_HEX("lease", 255),
					LOG_INT("tries", 9007199254740993), LOG_SAY("why")),
			"fact");
	end();
	assert_non_null(msg = strstr(wrote, "\"level\""));
	assert_string_equal(msg,
			"\"level\":\"warn\",\"msg\":\"fact\",\"service\":\"a\\\"\\u000a\","
			"\"lease\":\"ff\",\"tries\":9007199254740993,\"detail\":\"why\"}\n");
	assert_memory_equal(wrote, "{\"time\":\"2", 10);
}

/* A program that is run for its output may say anything. */
static void no_byte_is_more_than_a_sign(void **state)
{
	static const enum log_format formats[] = { LOG_TEXT, LOG_JSON };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		begin(LOG_INFO, formats[i]);
		log_write(LOG_INFO,
				LOG_FIELDS(LOG_SAY("\xff \xc2\x9b"
						   "31m \xe2\x82 \xc3\xa9")),
				"a\xfe");
		end();
		assert_non_null(strstr(wrote, "a?"));
		assert_non_null(strstr(wrote, "\"? ??31m ?? \xc3\xa9\""));
	}
}

/* U+202E turns what follows it, U+2028 ends a line for some who read it. */
static void no_character_turns_or_ends_a_line(void **state)
{
	static const enum log_format formats[] = { LOG_TEXT, LOG_JSON };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		begin(LOG_INFO, formats[i]);
		log_write(LOG_INFO,
				LOG_FIELDS(LOG_SAY("a\xe2\x80\xae"
						   "b\xe2\x80\xa8"
						   "c\xe2\x81\xa6 d")),
				"m");
		end();
		assert_non_null(strstr(wrote, "\"a???b???c??? d\""));
	}
}

/* A message that could be taken for a field is one value. */
static void no_message_is_a_field(void **state)
{
	UNUSED(state);
	begin(LOG_INFO, LOG_TEXT);
	log_write(LOG_INFO,
			LOG_FIELDS(LOG_STR("v", "a\xc2\xa0"
						"b")),
			"%s", "'x reason=UP' \"is\" \\none");
	end();
	expect_line(" info  \"'x reason=UP' \\\"is\\\" \\\\none\" v=\"a\xc2\xa0"
		    "b\"\n");
}

/* Every byte, alone and before what it could swallow or end. */
static void no_byte_breaks_json(void **state)
{
	UNUSED(state);
	for (unsigned byte = 1; byte <= 255; byte++) {
		char text[] = { 'a', (char)byte, '"', ',', (char)byte, '\0' };
		begin(LOG_INFO, LOG_JSON);
		log_write(LOG_INFO, LOG_FIELDS(LOG_STR("v", text), LOG_INT("n", 7)), "%s", text);
		end();
		cJSON *line = cJSON_ParseWithOpts(wrote, NULL, 1);
		assert_non_null(line);
		assert_int_equal(cJSON_GetArraySize(line), 5);
		assert_int_equal(cJSON_GetObjectItemCaseSensitive(line, "n")->valueint, 7);
		cJSON_Delete(line);
		assert_true(utf8_valid(wrote, strlen(wrote)));
		for (const char *at = wrote; at[1] != '\0'; at++) {
			assert_true((unsigned char)*at >= ' ' && *at != 0x7f);
		}
	}
}

/* Whoever talks long enough would make a fact go. */
static void no_length_hides_what_follows(void **state)
{
	static const char *const fillings[] = { "x", "\"", "\x01", "\xc3\xa9" };
	static char text[5000];
	UNUSED(state);
	for (size_t i = 0; i < 2 * ARRAY_LEN(fillings); i++) {
		const char *filling = fillings[i / 2];
		size_t len = strlen(filling);
		for (size_t at = 0; at + len < sizeof text; at += len) {
			memcpy(text + at, filling, len + 1);
		}
		begin(LOG_INFO, i % 2 == 0 ? LOG_TEXT : LOG_JSON);
		log_write(LOG_INFO,
				LOG_FIELDS(LOG_STR("v", text), LOG_SAY(text),
						LOG_HEX("lease", 0xabc)),
				"%s", text);
		end();
		assert_true(strlen(wrote) <= 2048);
		assert_true(utf8_valid(wrote, strlen(wrote)));
		if (i % 2 == 0) {
			assert_string_equal(wrote + strlen(wrote) - 12, "\" lease=abc\n");
			continue;
		}
		cJSON *line = cJSON_ParseWithOpts(wrote, NULL, 1);
		assert_non_null(line);
		assert_string_equal(cJSON_GetObjectItemCaseSensitive(line, "lease")->valuestring,
				"abc");
		cJSON_Delete(line);
	}
}

static void cuts_what_does_not_fit(void **state)
{
	static const enum log_format formats[] = { LOG_TEXT, LOG_JSON };
	char text[5000];
	UNUSED(state);
	memset(text, '"', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		begin(LOG_INFO, formats[i]);
		log_write(LOG_INFO, LOG_FIELDS(LOG_STR("v", text)), "%s", text);
		end();
		assert_true(strlen(wrote) > 40 && strlen(wrote) <= 2048);
		assert_ptr_equal(strchr(wrote, '\n'), wrote + strlen(wrote) - 1);
	}
	assert_int_equal(wrote[strlen(wrote) - 2], '}'); /* JSON stays JSON */
}

/* A small pipe that nobody reads must not stop the program. */
static void drops_what_nobody_takes_and_says_so(void **state)
{
	unsigned written = 0;
	char *note, *last;
	UNUSED(state);

	begin(LOG_INFO, LOG_TEXT);
	assert_true(fcntl(ends[0], F_SETPIPE_SZ, 16384) >= 16384);
	for (int i = 0; i < 2000; i++) {
		log_write(LOG_INFO, NULL, "line %d, which is long enough to fill a page", i);
	}
	ssize_t n = read(ends[0], wrote, sizeof wrote - 1);
	assert_true(n > 0);
	for (ssize_t i = 0; i < n; i++) {
		written += wrote[i] == '\n' ? 1 : 0;
	}
	assert_true(written > 0 && written < 2000);
	log_write(LOG_INFO, NULL, "the last");
	end();

	char expected[80];
	(void)snprintf(expected, sizeof expected, "%u lines of the log were dropped",
			2000 - written);
	note = strstr(wrote, expected);
	last = strstr(wrote, "the last");
	assert_non_null(note);
	assert_true(last > note);
}

/* Both ends: ours, which nobody waits at, and its stderr. */
static int open_terminal(int *slave)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	assert_true(terminal >= 0);
	assert_int_equal(grantpt(terminal), 0);
	assert_int_equal(unlockpt(terminal), 0);
	*slave = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(*slave >= 0);
	return terminal;
}

/* What is there of `text`, which has `len` already, up to `most` bytes more. */
static size_t read_on(int terminal, char *text, size_t len, size_t most)
{
	ssize_t n = 1;

	for (size_t end = len + most; len < end && n > 0;) {
		n = read(terminal, text + len, end - len);
		len += n > 0 ? (size_t)n : 0;
	}
	return len;
}

/* It has room for some of a line, and the rest would wait: for ever, when nobody reads. */
static void a_terminal_that_nobody_reads_keeps_nobody(void **state)
{
	static char text[1 << 18];
	size_t len = 0;
	int slave, terminal = open_terminal(&slave);

	UNUSED(state);
	(void)alarm(120);
	log_setup(LOG_INFO, LOG_TEXT);
	kept = dup(STDERR_FILENO);
	assert_true(dup2(slave, STDERR_FILENO) >= 0);
	log_never_wait();
	for (int i = 0; i < 2000; i++) {
		log_write(LOG_INFO, NULL, "line %d", i);
	}
	for (int i = 0; i < 100; i++) {
		len = read_on(terminal, text, len, 133);
		log_write(LOG_INFO, NULL, "line %d, of another length", i);
		log_write(LOG_INFO, NULL, "line %d", i);
	}
	len = read_on(terminal, text, len, sizeof text / 2);
	log_write(LOG_INFO, NULL, "the last");
	len = read_on(terminal, text, len, sizeof text / 2 - len);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	log_never_wait(); /* for who logs after this */
	(void)alarm(0);
	(void)close(kept);
	(void)close(slave);
	(void)close(terminal);

	text[len] = '\0';
	assert_non_null(strstr(text, "lines of the log were dropped"));
	assert_non_null(strstr(text, " info  the last\r\n"));
	for (const char *line = text, *next; *line != '\0'; line = next) {
		next = line + strcspn(line, "\n") + 1;
		const char *stamp = strstr(line, "Z ");
		assert_int_equal(line[0], '2');
		if (stamp != NULL && stamp < next) { /* none goes on where another one was cut */
			assert_null(memmem(stamp + 1, (size_t)(next - stamp - 1), "Z ", 2));
		}
	}
}

static void keeps_errno(void **state)
{
	UNUSED(state);
	begin(LOG_INFO, LOG_TEXT);
	(void)close(STDERR_FILENO); /* not even a failure to write changes it */
	errno = EXDEV;
	log_write(LOG_INFO, NULL, "m");
	int after = errno;
	end();
	assert_int_equal(after, EXDEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_line_of_text),
		cmocka_unit_test(leaves_out_what_is_empty),
		cmocka_unit_test(no_text_forges_a_line),
		cmocka_unit_test(prints_times_for_people),
		cmocka_unit_test(is_quiet_below_its_level),
		cmocka_unit_test(writes_a_line_of_json),
		cmocka_unit_test(no_byte_is_more_than_a_sign),
		cmocka_unit_test(no_character_turns_or_ends_a_line),
		cmocka_unit_test(no_message_is_a_field),
		cmocka_unit_test(no_byte_breaks_json),
		cmocka_unit_test(no_length_hides_what_follows),
		cmocka_unit_test(cuts_what_does_not_fit),
		cmocka_unit_test(drops_what_nobody_takes_and_says_so),
		cmocka_unit_test(keeps_errno),
		cmocka_unit_test(a_terminal_that_nobody_reads_keeps_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
