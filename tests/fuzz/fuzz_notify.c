/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A status is told to whoever supervises the agent as one assignment in one line of valid UTF-8,
 * whatever the text: READY=1 cannot be slipped in. The input: texts, each with a NUL at its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/notify.h"
#include "agent/utf8.h"
#include "tests/fuzz/fuzz.h"

#define STATUS "STATUS="

/* A socket at a name that the kernel gives; that name for $NOTIFY_SOCKET. */
static int listen_at(char *name, size_t size)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	socklen_t len = sizeof at.sun_family;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	HOLDS(fd >= 0 && bind(fd, (struct sockaddr *)&at, len) == 0);
	len = sizeof at;
	HOLDS(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	(void)snprintf(name, size, "@%.*s", (int)(len - offsetof(struct sockaddr_un, sun_path) - 1),
			at.sun_path + 1);
	return fd;
}

/* One character, or byte that is none, after the other, as far as there is room for whole ones. */
static void clean(const char *text, char out[NOTIFY_STATUS_MAX])
{
	size_t n = 0, left = strlen(text), size;
	uint32_t code;

	for (; left > 0; text += size, left -= size) {
		size = utf8_decode(text, left, &code);
		bool kept = size > 0 && !utf8_steers(code);
		size = size > 0 ? size : 1;
		size_t put = kept ? size : 1;
		if (n + put >= NOTIFY_STATUS_MAX) {
			break;
		}
		memcpy(out + n, kept ? text : "?", put);
		n += put;
	}
	out[n] = '\0';
}

static void expect_told(int fd, const char *text, char *last)
{
	char told[1024], expected[NOTIFY_STATUS_MAX];
	ssize_t n = recv(fd, told, sizeof told - 1, 0);

	clean(text, expected);
	if (n < 0) {
		HOLDS(strcmp(expected, last) == 0); /* it was said already */
		return;
	}
	told[n] = '\0';
	HOLDS(strlen(told) == (size_t)n && strncmp(told, STATUS, strlen(STATUS)) == 0);
	const char *status = told + strlen(STATUS);
	HOLDS(fuzz_is_text(status) && !utf8_has_control(status));
	HOLDS(strcmp(status, expected) == 0 && strcmp(status, last) != 0);
	memcpy(last, status, strlen(status) + 1);
	HOLDS(recv(fd, told, sizeof told, 0) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };
	char name[64], last[NOTIFY_STATUS_MAX] = "";
	int fd = listen_at(name, sizeof name);
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct notify notify;

	HOLDS(loop != NULL && setenv("NOTIFY_SOCKET", name, 1) == 0);
	notify_init(&notify, loop, -1);
	HOLDS(notify_is_heard(&notify) && getenv("NOTIFY_SOCKET") == NULL);
	while (in.left > 0) {
		char *text = fuzz_take_text(&in);
		notify_status(&notify, text);
		expect_told(fd, text, last);
		free(text);
	}
	notify_finish(&notify);
	ev_loop_destroy(loop);
	(void)close(fd);
	return 0;
}
