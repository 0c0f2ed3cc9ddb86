/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ENDPOINT_H
#define AGENT_ENDPOINT_H

/*
 * endpoint - a host and a port as people write them and as keys and URLs need them.
 *
 * The one place that knows about brackets around IPv6 addresses. Pure: nothing
 * is looked up.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/err.h"

#define ENDPOINT_HOST_MAX 253
/* "[" host "]:65535" and the final NUL */
#define ENDPOINT_TEXT_MAX (ENDPOINT_HOST_MAX + 9)

struct endpoint {
	char host[ENDPOINT_HOST_MAX + 1]; /* a name, IPv4, or IPv6 without brackets */
	uint16_t port;                    /* 1 to 65535 */
	bool tls;                         /* https://; endpoint_parse leaves it false */
};

/* True for a DNS-like name ([A-Za-z0-9._-]), an IPv4 address, or a bare IPv6 address. */
bool endpoint_host_valid(const char *host);

/* True when `host` is an IPv6 address, bare (no brackets, no zone). */
bool endpoint_is_ipv6(const char *host);

/* True when `host` is an IPv4 or IPv6 address. */
bool endpoint_is_address(const char *host);

/* True for localhost, 127.0.0.0/8 and ::1, which never leave the machine. */
bool endpoint_is_loopback(const char *host);

/*
 * Reads host:port, [ipv6]:port or, if default_port is not 0, a host alone.
 * Fails with ERR_SYNTAX or ERR_RANGE and leaves *e as it was.
 */
int endpoint_parse(struct endpoint *e, const char *text, uint16_t default_port, struct err *err);

enum endpoint_scheme { ENDPOINT_BARE, ENDPOINT_HTTP, ENDPOINT_HTTPS };

/*
 * The same with http:// or https:// before it, which may have a / at the end.
 * A user or a path is refused, the user without being quoted. e->tls is left
 * false: that is for whoever knows what ENDPOINT_BARE means.
 */
int endpoint_parse_url(struct endpoint *e, enum endpoint_scheme *scheme, const char *text,
		uint16_t default_port, struct err *err);

/* True when both have the same host, in the same words, and port; `tls` makes no difference. */
bool endpoint_same(const struct endpoint *a, const struct endpoint *b);

/* Writes host:port, with brackets around IPv6. `size` of ENDPOINT_TEXT_MAX always suffices. */
void endpoint_format(char *out, size_t size, const char *host, unsigned port);

/* What a probe connects to. */
enum target_kind {
	TARGET_INET, /* host is an address or "localhost" (both loopback addresses) */
	TARGET_UNIX  /* path is an absolute path of a socket */
};

#define TARGET_PATH_MAX 107 /* sun_path without its NUL */

struct target {
	enum target_kind kind;
	struct endpoint inet;           /* TARGET_INET */
	char path[TARGET_PATH_MAX + 1]; /* TARGET_UNIX */
};

#define TARGET_TEXT_MAX (ENDPOINT_TEXT_MAX + 8)

/* Reads address:port, localhost:port, :port (localhost) or unix:/path. Names are refused. */
int target_parse(struct target *t, const char *text, struct err *err);

/* False for a zeroed target. */
bool target_is_set(const struct target *t);

bool target_equal(const struct target *a, const struct target *b);

/* Writes it as target_parse reads it. */
void target_format(char *out, size_t size, const struct target *t);

#endif
