/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/curl_target.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/net/tls_context.h"
#include "agent/util.h"

/* The name asked for is not the one that is looked up: libcurl is told where it is. */
static bool ask_for_server_name(struct curl_target *t, uint16_t port)
{
	char asked[ENDPOINT_TEXT_MAX];
	char line[ENDPOINT_TEXT_MAX + 2];

	(void)snprintf(t->expected, sizeof t->expected, "%s", t->tls->server_name);
	endpoint_format(asked, sizeof asked, t->expected, port);
	(void)snprintf(t->base, sizeof t->base, "https://%s", asked);
	(void)snprintf(line, sizeof line, "::%s", t->name); /* whatever the URL says */
	t->connect_to = curl_slist_append(NULL, line);
	return t->connect_to != NULL;
}

struct curl_target *curl_target_create(
		const struct endpoint *endpoint, const struct tls_settings *tls)
{
	struct curl_target *t = calloc(1, sizeof *t);

	if (t == NULL) {
		return NULL;
	}
	endpoint_format(t->name, sizeof t->name, endpoint->host, endpoint->port);
	(void)snprintf(t->base, sizeof t->base, "%s://%s", endpoint->tls ? "https" : "http",
			t->name);
	memcpy(t->expected, endpoint->host, sizeof t->expected);
	for (size_t i = 0; i < ARRAY_LEN(t->fds); i++) {
		t->fds[i] = -1;
	}
	if (!endpoint->tls) {
		return t;
	}
	t->tls = tls;
	tls_files_init(&t->files, tls);
	if (tls->server_name[0] != '\0' && !ask_for_server_name(t, endpoint->port)) {
		curl_target_destroy(t);
		return NULL;
	}
	return t;
}

void curl_target_destroy(struct curl_target *t)
{
	if (t != NULL) {
		curl_slist_free_all(t->connect_to);
		free(t);
	}
}

/* The first slot that holds `was` holds `is` from now on. */
static void replace_fd(struct curl_target *t, int was, int is)
{
	for (size_t i = 0; i < ARRAY_LEN(t->fds); i++) {
		if (t->fds[i] == was) {
			t->fds[i] = is;
			return;
		}
	}
}

int curl_target_socket(struct curl_target *t, int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd >= 0) {
		int one = 1; /* our source port may be the one that a service is about to listen on
			      */
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
		t->sockets++;
		replace_fd(t, -1, fd);
	}
	return fd;
}

int curl_target_close(struct curl_target *t, int fd)
{
	t->sockets--;
	replace_fd(t, fd, -1);
	return close(fd);
}

bool curl_target_joinable(const struct curl_target *t)
{
	return !t->stale && (t->sockets > 0 || t->connecting > 0);
}

void curl_target_abandon(struct curl_target *t)
{
	t->stale = true;
	for (size_t i = 0; i < ARRAY_LEN(t->fds); i++) {
		if (t->fds[i] >= 0) {
			(void)shutdown(t->fds[i], SHUT_RDWR);
		}
	}
}

/* A rotation that went wrong must not cost the connection that works. */
static bool files_are_fit(const struct tls_settings *tls)
{
	char why[600];
	struct ssl_ctx_st *context = tls_context_make(tls, why, sizeof why);

	tls_context_free(context);
	return context != NULL;
}

void curl_target_look(struct curl_target *t)
{
	if (t->tls == NULL) {
		return;
	}
	if (tls_files_changed(&t->files)) {
		t->outdated = files_are_fit(t->tls);
	}
	if (t->outdated && t->riding == 0) {
		t->outdated = false;
		curl_target_abandon(t);
	}
}
