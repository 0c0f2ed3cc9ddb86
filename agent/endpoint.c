/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

static bool is_ipv4(const char *host)
{
	struct in_addr address;
	return inet_pton(AF_INET, host, &address) == 1;
}

bool endpoint_is_ipv6(const char *host)
{
	struct in6_addr address;
	return inet_pton(AF_INET6, host, &address) == 1;
}

bool endpoint_is_address(const char *host)
{
	return is_ipv4(host) || endpoint_is_ipv6(host);
}

bool endpoint_is_loopback(const char *host)
{
	struct in_addr address;
	if (inet_pton(AF_INET, host, &address) == 1) {
		return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0;
}

/* Digits and dots alone are never meant as a name: 10.0.0.300 is a slip. */
static bool is_name(const char *host)
{
	size_t len = strlen(host);
	return len > 0 && len <= ENDPOINT_HOST_MAX && strspn(host, NAME_CHARS) == len &&
	       host[0] != '.' && host[0] != '-' && strstr(host, "..") == NULL &&
	       strspn(host, "0123456789.") != len;
}

bool endpoint_host_valid(const char *host)
{
	return endpoint_is_address(host) || is_name(host);
}

static int parse_port(uint16_t *port, const char *text, struct err *err)
{
	unsigned n = 0;
	size_t len = strspn(text, "0123456789");
	if (len == 0 || text[len] != '\0') {
		return err_set(err, ERR_SYNTAX, "'%.40s' is not a port", text);
	}
	for (size_t i = 0; i < len && n <= 65535; i++) {
		n = n * 10 + (unsigned)(text[i] - '0');
	}
	if (n < 1 || n > 65535) {
		return err_set(err, ERR_RANGE, "port %.40s is outside 1..65535", text);
	}
	*port = (uint16_t)n;
	return 0;
}

/* Where the text is cut: the host, and what stands behind the colon (NULL: nothing). */
struct cut {
	const char *host;
	size_t host_len;
	const char *port;
	bool bracketed;
};

static int cut_bracketed(struct cut *cut, const char *text, struct err *err)
{
	const char *close = strchr(text, ']');
	if (close == NULL || (close[1] != '\0' && close[1] != ':')) {
		return err_set(err, ERR_SYNTAX, "'%.80s' is not [address]:port", text);
	}
	*cut = (struct cut){ .host = text + 1,
		.host_len = (size_t)(close - text) - 1,
		.port = close[1] == ':' ? close + 2 : NULL,
		.bracketed = true };
	return 0;
}

static int cut_text(struct cut *cut, const char *text, struct err *err)
{
	if (text[0] == '[') {
		return cut_bracketed(cut, text, err);
	}
	const char *colon = strchr(text, ':');
	if (colon != NULL && strchr(colon + 1, ':') != NULL) {
		return err_set(err, ERR_SYNTAX,
				"'%.80s' has several colons (put brackets round an IPv6 address: "
				"[::1]:2379)",
				text);
	}
	*cut = (struct cut){ .host = text,
		.host_len = colon == NULL ? strlen(text) : (size_t)(colon - text),
		.port = colon == NULL ? NULL : colon + 1 };
	return 0;
}

int endpoint_parse(struct endpoint *e, const char *text, uint16_t default_port, struct err *err)
{
	struct cut cut = { .host = "" };
	if (cut_text(&cut, text, err) < 0) {
		return -1;
	}
	struct endpoint made = { .port = default_port };
	if (cut.host_len > ENDPOINT_HOST_MAX) {
		return err_set(err, ERR_RANGE, "the host is longer than %d characters",
				ENDPOINT_HOST_MAX);
	}
	memcpy(made.host, cut.host, cut.host_len);
	if (cut.bracketed ? !endpoint_is_ipv6(made.host) : !endpoint_host_valid(made.host)) {
		return err_set(err, ERR_SYNTAX, "'%.80s' is not %s", made.host,
				cut.bracketed ? "an IPv6 address" : "a host name or an address");
	}
	if (cut.port != NULL && parse_port(&made.port, cut.port, err) < 0) {
		return -1;
	}
	if (made.port == 0) {
		return err_set(err, ERR_SYNTAX, "'%.80s' has no port", text);
	}
	*e = made;
	return 0;
}

/* Cuts off the scheme and a / at the end; what is left is in `rest`, cut when it is too long. */
static enum endpoint_scheme cut_scheme(const char *text, char *rest, size_t size)
{
	static const char http[] = "http://", https[] = "https://";
	enum endpoint_scheme scheme = ENDPOINT_BARE;
	if (strncmp(text, http, strlen(http)) == 0) {
		scheme = ENDPOINT_HTTP;
		text += strlen(http);
	} else if (strncmp(text, https, strlen(https)) == 0) {
		scheme = ENDPOINT_HTTPS;
		text += strlen(https);
	}
	snprintf(rest, size, "%s", text);
	size_t len = strlen(rest);
	if (scheme != ENDPOINT_BARE && len > 0 && rest[len - 1] == '/') {
		rest[len - 1] = '\0';
	}
	return scheme;
}

int endpoint_parse_url(struct endpoint *e, enum endpoint_scheme *scheme, const char *text,
		uint16_t default_port, struct err *err)
{
	char rest[ENDPOINT_TEXT_MAX + 16]; /* room for the scheme */
	if (strchr(text, '@') != NULL) {   /* a password may stand before it */
		return err_set(err, ERR_SYNTAX,
				"an endpoint has no user in it, that is etcd.username");
	}
	enum endpoint_scheme found = cut_scheme(text, rest, sizeof(rest));
	if (strlen(text) >= sizeof(rest)) {
		return err_set(err, ERR_RANGE, "'%.80s...' is too long for an endpoint", text);
	}
	if (strstr(rest, "://") != NULL) {
		return err_set(err, ERR_SYNTAX,
				"'%.80s' is not host:port, http://host:port or https://host:port",
				text);
	}
	if (rest[0] == '\0') {
		return err_set(err, ERR_MISSING, "'%.80s' has no host", text);
	}
	if (endpoint_parse(e, rest, default_port, err) < 0) {
		return -1;
	}
	*scheme = found;
	return 0;
}

void endpoint_format(char *out, size_t size, const char *host, unsigned port)
{
	bool ipv6 = endpoint_is_ipv6(host);
	snprintf(out, size, "%s%s%s:%u", ipv6 ? "[" : "", host, ipv6 ? "]" : "", port);
}

static int parse_unix(struct target *t, const char *path, struct err *err)
{
	size_t len = strlen(path);
	if (path[0] != '/') {
		return err_set(err, ERR_SYNTAX,
				"'unix:%.80s' needs an absolute path (unix:/run/x.sock)", path);
	}
	if (len > TARGET_PATH_MAX) {
		return err_set(err, ERR_RANGE,
				"the path of the socket has %zu bytes, %d are possible", len,
				TARGET_PATH_MAX);
	}
	*t = (struct target){ .kind = TARGET_UNIX };
	memcpy(t->path, path, len + 1);
	return 0;
}

int target_parse(struct target *t, const char *text, struct err *err)
{
	if (strncmp(text, "unix:", 5) == 0) {
		return parse_unix(t, text + 5, err);
	}
	char local[32]; /* ":port" stands for localhost */
	if (text[0] == ':' && strchr(text + 1, ':') == NULL && strlen(text) < 16) {
		snprintf(local, sizeof(local), "localhost%s", text);
		text = local;
	}
	struct target made = { .kind = TARGET_INET };
	if (endpoint_parse(&made.inet, text, 0, err) < 0) {
		return -1;
	}
	if (!endpoint_is_address(made.inet.host) && strcmp(made.inet.host, "localhost") != 0) {
		return err_set(err, ERR_SYNTAX,
				"'%.80s' is a name that would need a look-up on every reconnect: "
				"give an address, or localhost",
				made.inet.host);
	}
	*t = made;
	return 0;
}

bool endpoint_same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool target_is_set(const struct target *t)
{
	return t->kind == TARGET_UNIX || t->inet.port != 0;
}

bool target_equal(const struct target *a, const struct target *b)
{
	return a->kind == b->kind && endpoint_same(&a->inet, &b->inet) &&
	       strcmp(a->path, b->path) == 0;
}

void target_format(char *out, size_t size, const struct target *t)
{
	switch (t->kind) {
	case TARGET_INET:
		endpoint_format(out, size, t->inet.host, t->inet.port);
		break;
	case TARGET_UNIX:
		snprintf(out, size, "unix:%s", t->path);
		break;
	}
}
