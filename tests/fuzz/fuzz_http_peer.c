/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe over HTTP, and the client that asks an agent for its status, against a server that says
 * what the input says. Each is answered once, and by its deadline at the latest, and no more once
 * it was dropped; a status is one that the server has said, in a line of its own; a body is a piece
 * of what it said, no longer than was asked for; and memory stays in proportion to what was said.
 *
 * The input: who asks, how much of a body is wanted, and steps of a byte and what it takes. libcurl
 * is not built for fuzzing: what is put to the test is how our own code takes what comes of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/net/curl_http.h"
#include "agent/util.h"
#include "probes/probe.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/peer.h"

#define TIMEOUT   1.0 /* seconds */
#define SLACK     0.2
#define STEPS     200u   /* of one input */
#define SAID_ROOM 400000 /* bytes that are remembered */

static char folder[] = "/tmp/fuzz_http.XXXXXX", path[sizeof folder + sizeof "/socket"];

static struct scene {
	struct probe *probe; /* one of these two asks */
	struct curl_http *http;
	size_t body_max;
	bool waiting;         /* for an answer */
	bool answering;       /* ... and some of it was said */
	bool starved;         /* there was no memory for the last one */
	int listener, fd;     /* -1: none */
	unsigned connections; /* so far; that none is made without need is not promised */
	size_t n;
	char said[SAID_ROOM + 1]; /* all of it, on all connections */
	bool forgot;              /* ... but for what there was no room for */
} scene;

/* ---- the server -------------------------------------------------------------------------------
 */

static void open_door(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (scene.listener < 0) {
		(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
		scene.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		HOLDS(scene.listener >= 0);
		HOLDS(bind(scene.listener, (struct sockaddr *)&at, sizeof at) == 0);
		HOLDS(listen(scene.listener, 8) == 0);
	}
}

static void close_door(void)
{
	if (scene.listener >= 0) {
		(void)close(scene.listener);
		(void)unlink(path);
		scene.listener = -1;
	}
}

static void drop(void)
{
	if (scene.fd >= 0) {
		(void)close(scene.fd);
		scene.fd = -1;
	}
}

/* The connection that was made last is the one that is spoken to. */
static void listen_to_it(void)
{
	char heard[4096];
	int fd = scene.listener < 0 ? -1
				    : accept4(scene.listener, NULL, NULL,
						      SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		drop();
		scene.fd = fd;
		scene.connections++;
	}
	while (scene.fd >= 0 && recv(scene.fd, heard, sizeof heard, MSG_DONTWAIT) > 0) {
		HOLDS(scene.http == NULL || !scene.answering); /* it asks once */
	}
}

static void turn(void)
{
	for (unsigned i = 0; i < 4; i++) {
		peers_turn();
		listen_to_it();
	}
}

static void pass(double seconds)
{
	peers_pass(seconds);
	turn();
}

static void say(const void *bytes, size_t len)
{
	ssize_t n = scene.fd < 0 ? 0 : send(scene.fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	size_t said = n > 0 ? (size_t)n : 0, room = SAID_ROOM - scene.n;

	peers.said += said;
	scene.answering = scene.waiting && (scene.answering || said > 0);
	scene.forgot = scene.forgot || said > room;
	said = said < room ? said : room;
	if (said > 0) {
		memcpy(scene.said + scene.n, bytes, said);
		scene.n += said;
	}
}

/* True when a line of what was said begins like that status. */
static bool has_said_status(int status)
{
	char digits[12];
	const char *at = scene.said, *end = scene.said + scene.n;

	(void)snprintf(digits, sizeof digits, " %03d", status);
	while ((at = memmem(at, (size_t)(end - at), "HTTP/1.", 7)) != NULL) {
		if (end - at >= 12 && memcmp(at + 8, digits, 4) == 0) {
			return true;
		}
		at++;
	}
	return scene.forgot;
}

/* ---- who asks ------------------------------------------------------------------------------ */

/* Whatever the server says: of a line without an end libcurl does not tell whether there was. */
static void expect_memory(bool starved)
{
	HOLDS(!starved || !scene.starved);
	scene.starved = starved;
}

static void on_report(struct probe *probe, const struct probe_report *report)
{
	static const char words[] = "GET /health answered with status ";

	HOLDS(probe == scene.probe && report->reason < N_REASONS);
	HOLDS(report->audit && scene.waiting);
	expect_memory(report->reason == REASON_NO_RESOURCES);
	if (report->reason == REASON_HTTP_OK || report->reason == REASON_HTTP_STATUS) {
		HOLDS(strncmp(report->detail, words, strlen(words)) == 0);
		int status = (int)strtol(report->detail + strlen(words), NULL, 10);
		HOLDS((status >= 200 && status <= 399) == (report->reason == REASON_HTTP_OK));
		HOLDS(has_said_status(status));
	}
	HOLDS(report->detail == NULL || fuzz_is_harmless(report->detail));
	scene.waiting = false;
}

static const struct probe_events events = { .on_report = on_report };

static void on_answer(void *owner, const struct http_answer *answer)
{
	HOLDS(owner == &scene && scene.waiting && answer->end <= HTTP_NO_RESOURCES);
	expect_memory(answer->end == HTTP_NO_RESOURCES);
	HOLDS((answer->end == HTTP_ANSWERED) == (answer->why[0] == '\0'));
	HOLDS(answer->len <= scene.body_max && answer->body[answer->len] == '\0');
	HOLDS(!answer->cut || answer->len == scene.body_max);
	HOLDS(fuzz_is_harmless(answer->why));
	if (answer->end == HTTP_ANSWERED) {
		HOLDS(answer->status >= 100 && answer->status <= 999);
		HOLDS(has_said_status(answer->status));
	}
	if (!scene.forgot && strcasestr(scene.said, "chunked") == NULL) {
		HOLDS(memmem(scene.said, scene.n, answer->body, answer->len) != NULL);
	}
	scene.waiting = false;
}

static void ask(void)
{
	const struct http_call call = { .method = (scene.connections & 1) != 0 ? HTTP_POST
									       : HTTP_GET,
		.path = "/status",
		.body_max = scene.body_max,
		.deadline = clock_now() + TIMEOUT };

	if (scene.waiting) {
		return;
	}
	scene.waiting = true;
	scene.answering = false;
	if (scene.probe != NULL) {
		scene.probe->kind->audit(scene.probe, call.deadline);
	} else {
		curl_http_start(scene.http, &call, on_answer, &scene);
	}
	turn();
}

static void forget(void)
{
	scene.waiting = false;
	if (scene.probe != NULL) {
		scene.probe->kind->forget(scene.probe);
	} else {
		curl_http_cancel(scene.http);
	}
}

/* ---- steps ------------------------------------------------------------------------------------
 */

static const char *const lines[] = { "HTTP/1.1 200 OK\r\n", "HTTP/1.1 503 \r\n",
	"HTTP/1.0 302 Found\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 204\r\n",
	"Content-Length: 5\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n",
	"Connection: close\r\n", "Connection: keep-alive\r\n", "\r\n", "5\r\nhello\r\n",
	"0\r\n\r\n", "hello", "HTTP/1.1 ", "Location: http://localhost/\r\n", "HTTP/2 200\r\n",
	"Upgrade: h2c\r\n", "HTTP/1.1 101 Switching\r\n",
	"Content-Length: 99999999999999999999\r\n", "Content-Encoding: gzip\r\n", "Trailer: a\r\n",
	"HTTP/1.1 999\r\n", "HTTP/0.9 200 OK\r\n" };

static void say_some(struct fuzz_bytes *in)
{
	size_t len;
	uint8_t *bytes = fuzz_take_bytes(in, fuzz_u8(in), &len);

	say(bytes, len);
	free(bytes);
}

static void say_status(struct fuzz_bytes *in)
{
	char line[40];
	int n = snprintf(line, sizeof line, "HTTP/1.%d %d x\r\n\r\n", fuzz_u8(in) % 3,
			fuzz_u16(in) % 2000);

	say(line, (size_t)n);
}

/* A body that does not end soon. */
static void say_much(struct fuzz_bytes *in)
{
	uint16_t n = fuzz_u16(in);
	char *bytes = malloc(n + 1u);

	HOLDS(bytes != NULL);
	memset(bytes, fuzz_u8(in), n);
	say(bytes, n);
	free(bytes);
}

enum step { TURN, ASK, LINE, SOME, STATUS, MUCH, DROP, PASS, FORGET, DOOR, N_STEPS };

static void step(enum step op, struct fuzz_bytes *in)
{
	const char *line;

	switch (op) {
	case TURN:
		turn();
		break;
	case ASK:
		ask();
		break;
	case LINE:
		line = lines[fuzz_u8(in) % ARRAY_LEN(lines)];
		say(line, strlen(line));
		break;
	case SOME:
		say_some(in);
		break;
	case STATUS:
		say_status(in);
		break;
	case MUCH:
		say_much(in);
		break;
	case DROP:
		drop();
		break;
	case PASS:
		pass((double)fuzz_u8(in) / 100.0);
		break;
	case FORGET:
		forget();
		break;
	case DOOR:
	case N_STEPS:
		if (scene.listener < 0) {
			open_door();
		} else {
			close_door();
		}
		break;
	}
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void clean_up(void)
{
	(void)unlink(path);
	(void)rmdir(folder);
}

static void prepare(void)
{
	struct err err;

	if (path[0] == '\0') {
		HOLDS(curl_http_prepare(&err) == 0 && mkdtemp(folder) != NULL);
		(void)snprintf(path, sizeof path, "%s/socket", folder);
		HOLDS(atexit(clean_up) == 0);
	}
	scene.probe = NULL;
	scene.http = NULL;
	scene.waiting = scene.answering = scene.forgot = scene.starved = false;
	scene.listener = scene.fd = -1;
	scene.connections = 0;
	memset(scene.said, 0, scene.n);
	scene.n = 0;
}

static void create(bool probe, struct descriptor *desc)
{
	static char asked[] = "/health";
	struct err err;

	desc->probe.type = PROBE_HTTP;
	desc->probe.path = asked;
	desc->probe.status = (struct statuses){ 200, 399 };
	desc->probe.target.kind = TARGET_UNIX;
	(void)snprintf(desc->probe.target.path, sizeof desc->probe.target.path, "%s", path);
	if (probe) {
		scene.probe = probe_http.create(peers.loop, NULL, NULL, desc, &events, NULL);
	} else {
		scene.http = curl_http_create(peers.loop, &desc->probe.target, NULL, &err);
	}
	HOLDS(scene.probe != NULL || scene.http != NULL);
}

static void destroy(void)
{
	if (scene.probe != NULL) {
		probe_http.destroy(scene.probe);
	}
	curl_http_destroy(scene.http);
	scene.waiting = false;
	drop();
	close_door();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };
	struct descriptor desc = { 0 };
	bool probe = (fuzz_u8(&in) & 1) == 0;

	prepare();
	scene.body_max = fuzz_u16(&in);
	peers_open();
	open_door();
	create(probe, &desc);
	for (unsigned i = 0; i < STEPS && in.left > 0; i++) {
		step(fuzz_u8(&in) % N_STEPS, &in);
		turn();
		peers_expect_small();
	}
	if (scene.waiting) {
		pass(TIMEOUT + SLACK);
		HOLDS(!scene.waiting);
	}
	destroy();
	pass(TIMEOUT);
	peers_close();
	return 0;
}
