/* SPDX-License-Identifier: Apache-2.0 */
/* An endpoint, a URL or a target that was read is written so that it is read again as the same. */
#include <stdlib.h>
#include <string.h>

#include "agent/endpoint.h"
#include "tests/fuzz/fuzz.h"

static const struct endpoint before = { "as it was", 7, false };

static void check_host(const char *host)
{
	HOLDS(endpoint_host_valid(host) && strlen(host) <= ENDPOINT_HOST_MAX);
	HOLDS(strpbrk(host, " \t\r\n\"'\\/;{}[]#$%@") == NULL);
	HOLDS(!endpoint_is_ipv6(host) || endpoint_is_address(host));
	HOLDS((strchr(host, ':') != NULL) == endpoint_is_ipv6(host));
}

static void check_again(const struct endpoint *e)
{
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint again = before;
	struct err err;

	check_host(e->host);
	HOLDS(e->port != 0 && !e->tls);
	endpoint_format(text, sizeof text, e->host, e->port);
	HOLDS(endpoint_parse(&again, text, 0, &err) == 0);
	HOLDS(endpoint_same(e, &again));
}

static void check_refused(const struct endpoint *e, const struct err *err)
{
	HOLDS(endpoint_same(e, &before) && e->tls == before.tls);
	HOLDS(err->code != ERR_NONE && err->text[0] != '\0');
}

static void check_url(const char *text, uint16_t port)
{
	struct endpoint e = before;
	enum endpoint_scheme scheme = ENDPOINT_BARE;
	struct err err = { 0 };

	if (endpoint_parse_url(&e, &scheme, text, port, &err) == 0) {
		check_again(&e);
		HOLDS((scheme == ENDPOINT_BARE) == (strstr(text, "://") == NULL));
	} else {
		check_refused(&e, &err);
		HOLDS(strchr(text, '@') == NULL || strchr(err.text, '@') == NULL);
	}
}

static void check_target(const char *text)
{
	char written[TARGET_TEXT_MAX];
	struct target t = { 0 }, again = { 0 };
	struct err err = { 0 };

	if (target_parse(&t, text, &err) < 0) {
		HOLDS(!target_is_set(&t) && err.text[0] != '\0');
		return;
	}
	HOLDS(target_is_set(&t));
	HOLDS(t.kind == TARGET_UNIX ? t.path[0] == '/' : t.path[0] == '\0');
	target_format(written, sizeof written, &t);
	HOLDS(target_parse(&again, written, &err) == 0 && target_equal(&t, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	uint16_t port = fuzz_u8(&b) % 2 == 0 ? 0 : 2379;
	char *text = fuzz_take_text(&b);
	struct endpoint e = before;
	struct err err = { 0 };

	if (endpoint_parse(&e, text, port, &err) == 0) {
		check_again(&e);
	} else {
		check_refused(&e, &err);
	}
	check_url(text, port);
	check_target(text);
	if (endpoint_host_valid(text)) {
		check_host(text);
	}
	free(text);
	return 0;
}
