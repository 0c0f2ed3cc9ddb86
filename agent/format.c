/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/format.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PREFIX "/services"

/* clang-format off */
static const struct layout {
	const char *name;
	const char *first;   /* part of the key: what comes before the service's name, "" for nothing */
	bool labels;         /* the name stands as its labels, the last one first */
} layouts[N_FORMATS] = {
	[FORMAT_SERVICES]    = { "services",    DEFAULT_PREFIX,         false },
	[FORMAT_GRPC_NAMING] = { "grpc-naming", "",                     false },
	[FORMAT_SKYDNS]      = { "skydns",      "/skydns/local/skydns", true },
	[FORMAT_GO_ZERO]     = { "go-zero",     "",                     false },
	[FORMAT_KRATOS]      = { "kratos",      "/microservices",       false },
	[FORMAT_KITEX]       = { "kitex",       "kitex/registry-etcd",  false },
};
/* clang-format on */

const char *format_name(enum format f)
{
	return layouts[f].name;
}

static const char *first_part(enum format f, const char *prefix)
{
	bool own = prefix == NULL || *prefix == '\0' || strcmp(prefix, DEFAULT_PREFIX) == 0;

	return own ? layouts[f].first : prefix;
}

/*
 * The parts between `from` in `text` become parts between `to` in `out`, the
 * last one first and empty ones left out: a.b -> b/a. `out` has room for `text`.
 */
static void turn_round(char *out, const char *text, size_t len, char from, char to)
{
	char *end = out;

	while (len > 0) {
		const char *cut = memrchr(text, from, len);
		size_t at = cut == NULL ? 0 : (size_t)(cut - text) + 1;
		if (len > at) {
			if (end > out) {
				*end++ = to;
			}
			memcpy(end, text + at, len - at);
			end += len - at;
		}
		len = at == 0 ? 0 : at - 1;
	}
	*end = '\0';
}

/* Names in DNS are the same in any case, and CoreDNS asks for small letters. */
static void lower(char *text)
{
	for (; *text != '\0'; text++) {
		*text = (char)tolower((unsigned char)*text);
	}
}

/* The name as it stands in a key; a new text, NULL without memory. */
static char *name_in_key(enum format f, const char *service)
{
	char *name = strdup(service);

	if (name != NULL && layouts[f].labels) {
		turn_round(name, service, strlen(service), '.', '/');
		lower(name);
	}
	return name;
}

char *format_prefix(enum format f, const char *prefix, const char *service)
{
	const char *first = first_part(f, prefix);
	const char *slash = *first == '\0' ? "" : "/";
	char *name = service == NULL ? NULL : name_in_key(f, service);
	char *text = NULL;
	int n = -1;

	if (service == NULL) {
		n = asprintf(&text, "%s%s", first, slash);
	} else if (name != NULL) {
		n = asprintf(&text, "%s%s%s/", first, slash, name);
	}
	free(name);
	return n < 0 ? NULL : text;
}

bool format_service_of(enum format f, const char *prefix, const char *key, char *out, size_t size)
{
	const char *first = first_part(f, prefix);
	size_t len = strlen(first);

	if (strncmp(key, first, len) != 0 || (len > 0 && key[len] != '/')) {
		return false;
	}
	key += len > 0 ? len + 1 : 0;
	const char *end = strrchr(key, '/');
	if (end == NULL || end == key || end[1] == '\0' || (size_t)(end - key) >= size) {
		return false;
	}
	size_t n = (size_t)(end - key);
	if (layouts[f].labels) {
		turn_round(out, key, n, '/', '.');
	} else {
		memcpy(out, key, n);
		out[n] = '\0';
	}
	return *out != '\0';
}
