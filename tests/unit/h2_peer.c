/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/h2_peer.h"
#include "tests/unit/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_HEAD 9
#define PREFACE    24 /* "PRI * HTTP/2.0..." before the client's first frame */

/* Not the test's subject: without it there is no test. */
static void must(bool done)
{
	if (!done) {
		perror("h2_peer");
		abort();
	}
}

void peer_listen(struct peer *p, const char *host)
{
	struct sockaddr_in6 six;
	struct sockaddr_in four;
	bool v6 = strchr(host, ':') != NULL;

	memset(p, 0, sizeof *p);
	p->fd = -1;
	p->listener = v6 ? loopback_listen_six(&six, 8) : loopback_listen(&four, 8);
	p->target.kind = TARGET_INET;
	p->target.inet.port = ntohs(v6 ? six.sin6_port : four.sin_port);
	(void)snprintf(p->target.inet.host, sizeof p->target.inet.host, "%s", host);
}

void peer_accept(struct peer *p)
{
	peer_close(p);
	p->fd = accept(p->listener, NULL, NULL);
	must(p->fd >= 0);
}

void peer_close(struct peer *p)
{
	if (p->fd >= 0) {
		(void)close(p->fd);
		p->fd = -1;
	}
}

void peer_reset(struct peer *p)
{
	struct linger none = { .l_onoff = 1, .l_linger = 0 };

	must(setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none) == 0);
	peer_close(p);
}

void peer_finish(struct peer *p)
{
	peer_close(p);
	(void)close(p->listener);
}

void peer_send(struct peer *p, const void *bytes, size_t len)
{
	must(send(p->fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len);
}

size_t peer_frame(uint8_t *out, unsigned type, unsigned flags, unsigned stream, const void *payload,
		size_t len)
{
	const uint8_t head[FRAME_HEAD] = { (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,
		(uint8_t)type, (uint8_t)flags, 0, 0, 0, (uint8_t)stream };

	memcpy(out, head, sizeof head);
	if (len > 0) {
		memcpy(out + sizeof head, payload, len);
	}
	return sizeof head + len;
}

void peer_send_frame(struct peer *p, unsigned type, unsigned flags, unsigned stream,
		const void *payload, size_t len)
{
	uint8_t frame[FRAME_HEAD + 1024];

	must(len <= 1024);
	peer_send(p, frame, peer_frame(frame, type, flags, stream, payload, len));
}

/* HPACK: a literal without indexing, its name as given in `name`. */
static size_t literal(uint8_t *out, const void *name, size_t n_name, const char *value)
{
	size_t n_value = strlen(value);

	memcpy(out, name, n_name);
	out[n_name] = (uint8_t)n_value;
	memcpy(out + n_name + 1, value, n_value);
	return n_name + 1 + n_value;
}

size_t peer_headers(uint8_t *out, const char *content_type)
{
	out[0] = 0x88;                                            /* :status 200 */
	return 1 + literal(out + 1, "\x0f\x10", 2, content_type); /* 31: content-type */
}

size_t peer_trailers(uint8_t *out, const char *grpc_status)
{
	static const char name[] = "\0\x0bgrpc-status";

	return literal(out, name, sizeof name - 1, grpc_status);
}

size_t peer_read(struct peer *p, uint8_t *out, size_t room)
{
	size_t n = 0;
	ssize_t got;

	while (n < room && (got = recv(p->fd, out + n, room - n, MSG_DONTWAIT)) > 0) {
		n += (size_t)got;
	}
	return n;
}

/* HPACK has both schemes in its static table: they come as one byte, after that of the method. */
const char *peer_scheme(const uint8_t *said, size_t len)
{
	size_t at = PREFACE;

	while (at + FRAME_HEAD + 2 <= len && said[at + 3] != FRAME_HEADERS) {
		at += FRAME_HEAD + ((size_t)said[at + 1] << 8 | said[at + 2]);
	}
	must(at + FRAME_HEAD + 2 <= len && said[at + FRAME_HEAD] == 0x83); /* :method POST */
	switch (said[at + FRAME_HEAD + 1]) {
	case 0x86:
		return "http";
	case 0x87:
		return "https";
	}
	return "neither";
}

unsigned peer_count_frames(struct peer *p, unsigned type)
{
	uint8_t all[65536];
	size_t n = peer_read(p, all, sizeof all), at = PREFACE;
	unsigned count = 0;

	while (at + FRAME_HEAD <= n) {
		size_t len = (size_t)all[at] << 16 | (size_t)all[at + 1] << 8 | all[at + 2];
		count += all[at + 3] == type ? 1 : 0;
		at += FRAME_HEAD + len;
	}
	return count;
}
