/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - see log.h.
 *
 * A line is put together in one buffer and written with one write(), so lines
 * of several processes on one stderr do not mix.
 *
 * What a service, an etcd or a program has said is in the values, and nothing
 * that it can say is more than a value: each character is spelled so that it
 * ends neither the value nor the line and steers no terminal. A value that is
 * too long is cut where a character begins, and leaves room for what follows:
 * nobody can make a fact go by talking long.
 *
 * A log that nobody empties must not stop the program: a line that would have
 * to wait is dropped, and the number of those is said when there is room. That
 * there is some says little of a terminal, which takes part of a line and has the
 * rest wait, and of a pipe that others write to as well. Where we have them to
 * ourselves, no call waits.
 */
#include "agent/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/utf8.h"
#include "agent/util.h"

#define LINE_MAX_BYTES 2048
#define MESSAGE_MAX    1024

/* What a value leaves to each field behind it: enough for a name and a number. */
#define FIELD_ROOM 64

static struct {
	enum log_level level;
	enum log_format format;
	unsigned dropped; /* lines, since the last that was written */
	bool torn;        /* ... that was written in part */
	int fd;
} sink = { .level = LOG_INFO, .format = LOG_TEXT, .fd = STDERR_FILENO };

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

/* A line in the making; one byte is kept back for the newline. */
struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
	size_t kept; /* bytes that a value leaves to what follows it */
};

/* How a text is written: as it is, between quotes, or as JSON wants it, between quotes too. */
enum spelling { BARE, QUOTED, JSON };

void log_setup(enum log_level level, enum log_format format)
{
	sink.level = level;
	sink.format = format;
}

void log_never_wait(void)
{
	struct stat st;
	int fd = -1;

	/* Opened anew: how others write to theirs is not ours to set. */
	if (fstat(STDERR_FILENO, &st) == 0 &&
			(S_ISFIFO(st.st_mode) || isatty(STDERR_FILENO) == 1)) {
		fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	}
	if (sink.fd != STDERR_FILENO) {
		(void)close(sink.fd);
	}
	sink.fd = fd >= 0 ? fd : STDERR_FILENO;
}

bool log_enabled(enum log_level level)
{
	return level <= sink.level;
}

static void add(struct line *l, const char *text)
{
	size_t room = sizeof l->text - 1 - l->len;
	size_t len = strlen(text);

	if (len > room) {
		len = room;
	}
	memcpy(l->text + l->len, text, len);
	l->len += len;
}

/* One character as it stands in a line; returns how many bytes of the text that is. */
static size_t spell(char out[8], const char *text, size_t len, enum spelling how)
{
	uint32_t code = 0;
	size_t n = utf8_decode(text, len, &code);

	if (n == 0 || (n > 1 && utf8_steers(code))) {
		n = n == 0 ? 1 : n;
		memset(out, '?', n);
		out[n] = '\0';
	} else if (utf8_steers(code)) {
		(void)snprintf(out, 8, how == JSON ? "\\u%04x" : "\\x%02x", (unsigned)code);
	} else if (how != BARE && (code == '"' || code == '\\')) {
		(void)snprintf(out, 8, "\\%c", *text);
	} else {
		memcpy(out, text, n);
		out[n] = '\0';
	}
	return n;
}

static void add_text(struct line *l, const char *text, enum spelling how)
{
	const char *quote = how == BARE ? "" : "\"";
	size_t len = strlen(text), room = sizeof l->text - 1 - l->kept - strlen(quote);
	char piece[8];

	add(l, quote);
	for (size_t at = 0; at < len;) {
		at += spell(piece, text + at, len - at, how);
		if (l->len + strlen(piece) > room) {
			break;
		}
		add(l, piece);
	}
	add(l, quote);
}

/* Bare words stay bare; anything that would blur where a value ends is quoted. */
static enum spelling spelling_of(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text <= ' ' || *text > '~' || strchr("\"\\=", *text) != NULL) {
			return QUOTED;
		}
	}
	return BARE;
}

static void format_number(char *out, size_t size, const struct log_field *f)
{
	if (f->kind == LOG_FIELD_HEX) {
		(void)snprintf(out, size, "%" PRIx64, (uint64_t)f->number);
	} else if (f->kind == LOG_FIELD_TOOK) {
		double ms = f->seconds * 1e3;
		if (ms < 10.0) {
			(void)snprintf(out, size, "%.1fms", ms);
		} else if (ms < 1000.0) {
			(void)snprintf(out, size, "%.0fms", ms);
		} else {
			(void)snprintf(out, size, f->seconds < 100.0 ? "%.3gs" : "%.0fs",
					f->seconds);
		}
	} else {
		(void)snprintf(out, size, "%" PRId64, f->number);
	}
}

static bool is_text(const struct log_field *f)
{
	return f->kind == LOG_FIELD_TEXT || f->kind == LOG_FIELD_SAY;
}

static bool is_empty(const struct log_field *f)
{
	if (f->kind == LOG_FIELD_TOOK) {
		return f->seconds <= 0.0;
	}
	return is_text(f) && (f->text == NULL || f->text[0] == '\0');
}

static void add_field(struct line *l, const struct log_field *f)
{
	char number[32];

	add(l, " ");
	if (f->kind != LOG_FIELD_SAY) {
		add(l, f->name);
		add(l, "=");
	}
	if (is_text(f)) {
		add_text(l, f->text, f->kind == LOG_FIELD_SAY ? QUOTED : spelling_of(f->text));
		return;
	}
	format_number(number, sizeof number, f);
	add(l, number);
}

static void timestamp(char *out, size_t size)
{
	struct timespec ts;
	struct tm tm;
	char seconds[32];

	(void)clock_gettime(CLOCK_REALTIME, &ts); /* for people; nothing is decided by it */
	(void)gmtime_r(&ts.tv_sec, &tm);
	(void)strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out, size, "%s.%03ldZ", seconds, ts.tv_nsec / 1000000);
}

/* The room for all fields; each gives its own back when its turn comes. */
static size_t room_for(const struct log_field *fields)
{
	size_t n = 0;

	while (fields != NULL && fields[n].name != NULL) {
		n++;
	}
	return n * FIELD_ROOM;
}

/* A message is a sentence, and bare: between quotes only when it could be taken for more. */
static enum spelling spelling_of_message(const char *message)
{
	return strpbrk(message, "\"\\=") == NULL ? BARE : QUOTED;
}

static void build_text(struct line *l, enum log_level level, const struct log_field *fields,
		const char *message)
{
	char head[64];

	timestamp(head, sizeof head);
	add(l, head);
	(void)snprintf(head, sizeof head, " %-5s ", level_names[level]);
	add(l, head);
	l->kept = room_for(fields);
	add_text(l, message, spelling_of_message(message));
	for (const struct log_field *f = fields; f != NULL && f->name != NULL; f++) {
		l->kept -= FIELD_ROOM;
		if (!is_empty(f)) {
			add_field(l, f);
		}
	}
}

static void add_member(struct line *l, const char *name, const char *text, bool number)
{
	add(l, l->len == 0 ? "{" : ",");
	add_text(l, name, JSON);
	add(l, ":");
	if (number) {
		add(l, text);
	} else {
		add_text(l, text, JSON);
	}
}

/* By hand: a line that says that there is no memory must not need any. */
static void build_json(struct line *l, enum log_level level, const struct log_field *fields,
		const char *message)
{
	char text[64];

	l->kept = room_for(fields) + 1;
	timestamp(text, sizeof text);
	add_member(l, "time", text, false);
	add_member(l, "level", level_names[level], false);
	add_member(l, "msg", message, false);
	for (const struct log_field *f = fields; f != NULL && f->name != NULL; f++) {
		l->kept -= FIELD_ROOM;
		if (!is_empty(f)) {
			format_number(text, sizeof text, f);
			add_member(l, f->name, is_text(f) ? f->text : text,
					f->kind == LOG_FIELD_NUMBER);
		}
	}
	add(l, "}");
}

/* True for a pipe with a free page, which is more than a line; for a file always. */
static bool has_room(void)
{
	struct pollfd stream = { .fd = sink.fd, .events = POLLOUT };

	return poll(&stream, 1, 0) == 1 && (stream.revents & POLLOUT) != 0;
}

/* False when it is not there, or not all of it. */
static bool put_line(enum log_level level, const struct log_field *fields, const char *message)
{
	struct line line = { .len = 0 };

	if (!has_room()) {
		return false;
	}
	if (sink.format == LOG_JSON) {
		build_json(&line, level, fields, message);
	} else {
		build_text(&line, level, fields, message);
	}
	line.text[line.len++] = '\n';
	if (sink.torn && write(sink.fd, "\n", 1) != 1) {
		return false;
	}
	ssize_t written = write(sink.fd, line.text, line.len);
	sink.torn = written > 0 && (size_t)written < line.len;
	return written == (ssize_t)line.len;
}

static void own_up(void)
{
	char message[80];

	if (sink.dropped == 0 || !has_room()) {
		return;
	}
	(void)snprintf(message, sizeof message,
			"%u lines of the log were dropped: nobody took them", sink.dropped);
	if (put_line(LOG_WARN, NULL, message)) {
		sink.dropped = 0;
	}
}

void log_write(enum log_level level, const struct log_field *fields, const char *fmt, ...)
{
	if (!log_enabled(level)) {
		return;
	}
	int saved = errno;
	char message[MESSAGE_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof message, fmt, args);
	va_end(args);
	own_up();
	sink.dropped += put_line(level, fields, message) ? 0 : 1;
	errno = saved;
}
