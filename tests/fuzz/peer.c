/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "agent/net/grpc_frame.h"
#include "agent/net/h2_address.h"
#include "agent/util.h"

#if defined(__SANITIZE_ADDRESS__)
#define KNOWS_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KNOWS_MEMORY 1
#endif
#endif
#ifdef KNOWS_MEMORY
/* The sanitizer's; gcc has no header for it. */
size_t allocated_now(void) __asm__("__sanitizer_get_current_allocated_bytes");
#endif

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7, WINDOW = 8 };
enum { END_STREAM = 1, END_HEADERS = 4 };

#define TURNS    3
#define SAY_MOST 20000 /* bytes at a time */

struct peers peers;

/* ---- time ----------------------------------------------------------------------------- */

static double passed; /* seconds, since peers_open() */

/* Takes the place of the C library's, for libev as well. The day is left as it is. */
int played_clock(clockid_t clock, struct timespec *at) __asm__("clock_gettime");

int played_clock(clockid_t clock, struct timespec *at)
{
	int result = (int)syscall(SYS_clock_gettime, clock, at);

	if (result == 0 && (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW ||
					   clock == CLOCK_BOOTTIME)) {
		at->tv_sec += (time_t)passed;
		at->tv_nsec += (long)((passed - (double)(time_t)passed) * 1e9);
		if (at->tv_nsec >= 1000000000) {
			at->tv_nsec -= 1000000000;
			at->tv_sec++;
		}
	}
	return result;
}

void peers_pass(double seconds)
{
	passed += seconds;
	peers_turn();
}

/* ---- connections ----------------------------------------------------------------------- */

struct peer *peers_current(void)
{
	return &peers.at[peers.current];
}

struct peer *peers_last(void)
{
	return &peers.at[(peers.made + PEERS - 1) % PEERS];
}

static void drop(struct peer *p)
{
	if (p->fd >= 0) {
		(void)close(p->fd);
		p->fd = -1;
	}
}

static void forget(struct peer *p)
{
	drop(p);
	wire_close(&p->to_it);
	wire_close(&p->from_it);
}

int played_connect(const struct h2_address *address, unsigned user_timeout_ms) __asm__(
		"__wrap_h2_address_connect");

int played_connect(const struct h2_address *address, unsigned user_timeout_ms)
{
	int ends[2];

	UNUSED(address);
	UNUSED(user_timeout_ms);
	if (peers.refusal != 0) {
		errno = peers.refusal;
		return -1;
	}
	HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	peers.current = peers.made++ % PEERS;
	struct peer *p = peers_current();
	forget(p);
	p->fd = ends[1];
	wire_open(&p->to_it, false);
	wire_open(&p->from_it, true);
	return ends[0];
}

void peers_open(void)
{
	memset(&peers, 0, sizeof peers);
	passed = 0.0;
	for (size_t i = 0; i < PEERS; i++) {
		peers.at[i].fd = -1;
	}
	peers.loop = ev_loop_new(EVBACKEND_POLL | EVFLAG_NOENV);
	HOLDS(peers.loop != NULL);
#ifdef KNOWS_MEMORY
	peers.memory = allocated_now();
#endif
}

void peers_close(void)
{
	for (size_t i = 0; i < PEERS; i++) {
		forget(&peers.at[i]);
	}
	ev_loop_destroy(peers.loop);
	peers.loop = NULL;
	passed = 0.0;
}

void peers_expect_small(void)
{
#ifdef KNOWS_MEMORY
	size_t now = allocated_now();

	HOLDS(now < peers.memory + (1u << 20) + 40 * peers.said);
#endif
}

/* ---- what is said ----------------------------------------------------------------------- */

static void listen_to(struct peer *p)
{
	uint8_t data[16384];
	ssize_t n;

	while (p->fd >= 0 && (n = recv(p->fd, data, sizeof data, MSG_DONTWAIT)) > 0) {
		wire_take(&p->from_it, data, (size_t)n);
	}
}

void peers_listen(void)
{
	for (size_t i = 0; i < PEERS; i++) {
		listen_to(&peers.at[i]);
	}
}

void peers_turn(void)
{
	for (unsigned i = 0; i < TURNS; i++) {
		(void)ev_run(peers.loop, EVRUN_NOWAIT);
		peers_listen();
	}
}

static void say_raw(const uint8_t *bytes, size_t len)
{
	struct peer *p = peers_current();
	ssize_t n = p->fd < 0 ? 0 : send(p->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0) {
		wire_take(&p->to_it, bytes, (size_t)n);
		peers.said += (size_t)n;
	}
}

void peers_say(uint8_t type, uint8_t flags, uint32_t stream, const uint8_t *payload, size_t len)
{
	uint8_t *frame = malloc(9 + len);
	const uint8_t head[9] = { (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, type,
		flags, (uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8),
		(uint8_t)stream };

	HOLDS(frame != NULL);
	memcpy(frame, head, sizeof head);
	if (len > 0) {
		memcpy(frame + 9, payload, len);
	}
	say_raw(frame, 9 + len);
	free(frame);
}

/* HPACK: a literal without indexing; a text of up to 300 bytes. */
static size_t literal(uint8_t *out, const char *name, const char *value)
{
	size_t n_name = strlen(name), n_value = strlen(value), n = 0;

	n_value = n_value < 300 ? n_value : 300;
	out[n++] = 0;
	out[n++] = (uint8_t)n_name;
	memcpy(out + n, name, n_name);
	n += n_name;
	if (n_value < 127) {
		out[n++] = (uint8_t)n_value;
	} else { /* 127, and the rest in groups of seven bits */
		out[n++] = 127;
		out[n++] = (uint8_t)(((n_value - 127) & 0x7f) | 0x80);
		out[n++] = (uint8_t)((n_value - 127) >> 7);
	}
	memcpy(out + n, value, n_value);
	return n + n_value;
}

void peers_begin(uint32_t stream)
{
	uint8_t block[100] = { 0x88 }; /* :status 200 */

	peers_say(HEADERS, END_HEADERS, stream, block,
			1 + literal(block + 1, "content-type", "application/grpc"));
}

void peers_message(uint32_t stream, const uint8_t *message, size_t len)
{
	uint8_t *framed = malloc(GRPC_PREFIX + len);

	HOLDS(framed != NULL);
	grpc_prefix(framed, (uint32_t)len);
	if (len > 0) {
		memcpy(framed + GRPC_PREFIX, message, len);
	}
	peers_say(DATA, 0, stream, framed, GRPC_PREFIX + len);
	free(framed);
}

void peers_end(uint32_t stream, unsigned code, const char *text)
{
	uint8_t block[700];
	char number[12];

	(void)snprintf(number, sizeof number, "%u", code);
	size_t n = literal(block, "grpc-status", number);
	n += text[0] == '\0' ? 0 : literal(block + n, "grpc-message", text);
	peers_say(HEADERS, END_HEADERS | END_STREAM, stream, block, n);
}

void peers_answer(uint32_t stream, const uint8_t *message, size_t len, unsigned code,
		const char *text)
{
	peers_begin(stream);
	peers_message(stream, message, len);
	peers_end(stream, code, text);
}

/* ---- steps -------------------------------------------------------------------------------- */

/* Mostly one that a client can have opened. */
static uint32_t stream_of(uint8_t byte)
{
	return (byte & 0x80) != 0 ? byte & 0x7fu : 2u * (byte % 16u) + 1;
}

static void say_some(uint8_t type, uint8_t flags, uint32_t stream, struct fuzz_bytes *in)
{
	size_t len;
	uint8_t *payload = fuzz_take_bytes(in, fuzz_u8(in), &len);

	peers_say(type, flags, stream, payload, len);
	free(payload);
}

static void say_settings(struct fuzz_bytes *in)
{
	uint8_t payload[6 * 8];
	size_t n = fuzz_u8(in) % 8u;

	for (size_t i = 0; i < n; i++) {
		uint8_t what = fuzz_u8(in);
		uint32_t value = (what & 0x80) != 0 ? fuzz_u32(in) : fuzz_u8(in);
		const uint8_t entry[6] = { 0, (uint8_t)(what % 8), (uint8_t)(value >> 24),
			(uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value };
		memcpy(payload + 6 * i, entry, sizeof entry);
	}
	peers_say(SETTINGS, 0, 0, payload, 6 * n);
}

/* The same byte, so often: more than the window, or than a limit. */
static void say_much(struct fuzz_bytes *in)
{
	uint32_t stream = stream_of(fuzz_u8(in));
	size_t len = (size_t)fuzz_u16(in) % SAY_MOST;
	uint8_t *payload = malloc(len + 1);

	HOLDS(payload != NULL);
	memset(payload, fuzz_u8(in), len);
	peers_say(DATA, 0, stream, payload, len);
	free(payload);
}

static void say_raw_some(struct fuzz_bytes *in)
{
	size_t len;
	uint8_t *bytes = fuzz_take_bytes(in, fuzz_u8(in), &len);

	say_raw(bytes, len);
	free(bytes);
}

static void say_often(struct fuzz_bytes *in)
{
	static const uint8_t zeroes[8];
	uint8_t type = fuzz_u8(in) % 10, stream = fuzz_u8(in), n = fuzz_u8(in);
	size_t len = type == RST_STREAM || type == WINDOW ? 4 : type == PING ? 8 : 0;

	for (uint8_t i = 0; i < n; i++) {
		peers_say(type, 0, stream == 0 ? 0 : stream_of(stream), zeroes, len);
	}
}

static void next_connect(uint8_t how)
{
	static const int errors[] = { 0, ECONNREFUSED, EMFILE, ENETUNREACH, ECONNRESET, 0, 0, 0 };

	peers.refusal = errors[how % ARRAY_LEN(errors)];
}

bool peers_step(uint8_t op, struct fuzz_bytes *in)
{
	static const uint8_t types[] = { HEADERS, DATA, RST_STREAM, PING, GOAWAY, WINDOW };

	switch (op) {
	case 0:
		peers_turn();
		return true;
	case 1:
		say_settings(in);
		return true;
	case 2:
	case 3:
	case 4: {
		uint8_t stream = fuzz_u8(in), flags = fuzz_u8(in);
		say_some(types[op - 2], flags, stream_of(stream), in);
		return true;
	}
	case 5:
	case 6:
		say_some(types[op - 2], fuzz_u8(in), 0, in);
		return true;
	case 7:
		say_some(WINDOW, 0, stream_of(fuzz_u8(in)), in);
		return true;
	case 8:
		say_raw_some(in);
		return true;
	case 9:
		drop(peers_current());
		return true;
	case 10:
		peers_pass((double)fuzz_u8(in) / 20.0);
		return true;
	case 11:
		next_connect(fuzz_u8(in));
		return true;
	case 12:
		say_much(in);
		return true;
	case 13:
		say_often(in);
		return true;
	case 14:
		peers.current = fuzz_u8(in) % PEERS;
		return true;
	case 15:
		peers_say(SETTINGS, 0, 0, NULL, 0);
		return true;
	}
	return false;
}
