/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/rules.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent/descriptor/descriptor.h"
#include "agent/duration.h"
#include "agent/util.h"

#define SECOND ((uint32_t)1000)
#define MINUTE ((uint32_t)60000)

/* A duration as text, for one sentence. */
struct span {
	char text[DURATION_TEXT_MAX];
};

static struct span span_of(uint32_t ms)
{
	struct span span = { "" };
	duration_format(span.text, sizeof(span.text), ms);
	return span;
}

static bool host_is_wildcard(const struct descriptor *d, char *say, size_t size)
{
	const char *host = d->service.host;
	snprintf(say, size, "%s is where a server listens, nobody can connect to it", host);
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static bool ttl_is_long(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size, "%s is how long a dead entry stays listed when the agent is killed",
			span_of(d->registry.ttl_ms).text);
	return d->registry.ttl_ms > 5 * MINUTE;
}

static bool request_outlasts_ttl(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size, "%s is not below register.ttl (%s): one slow answer costs the lease",
			span_of(d->etcd.request_timeout_ms).text, span_of(d->registry.ttl_ms).text);
	return !d->discover.on && d->etcd.request_timeout_ms >= d->registry.ttl_ms;
}

static bool interval_outlasts_ttl(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size, "%s is longer than register.ttl (%s): the lease is renewed on old news",
			span_of(d->probe.interval_ms).text, span_of(d->registry.ttl_ms).text);
	return d->probe.interval_ms > d->registry.ttl_ms;
}

static bool timeout_outlasts_interval(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size, "%s is longer than probe.interval (%s): a hung service is found late",
			span_of(d->probe.timeout_ms).text, span_of(d->probe.interval_ms).text);
	return d->probe.timeout_ms > d->probe.interval_ms;
}

static bool failures_take_long(const struct descriptor *d, char *say, size_t size)
{
	uint64_t ms = (uint64_t)d->probe.failure_threshold * d->probe.interval_ms;
	snprintf(say, size, "%u failures at an interval of %s leave a hung service listed for long",
			(unsigned)d->probe.failure_threshold, span_of(d->probe.interval_ms).text);
	return ms > (uint64_t)5 * MINUTE;
}

static bool delay_is_long(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size, "nothing is registered for %s after the start",
			span_of(d->probe.initial_delay_ms).text);
	return d->probe.initial_delay_ms > 10 * MINUTE;
}

static bool linger_is_long(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size, "the agent goes on for %s after it was told to stop",
			span_of(d->shutdown.linger_ms).text);
	return !d->discover.on && d->shutdown.linger_ms > 5 * MINUTE;
}

static bool linger_does_nothing(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size, "a reader has withdrawn nothing that it could wait for");
	return d->discover.on;
}

static bool settle_is_long(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size, "an instance that is gone stays in the outputs for up to %s",
			span_of(d->discover.settle_ms).text);
	return d->discover.settle_ms > 10 * SECOND;
}

/* ---- formats --------------------------------------------------------------------- */

static bool has_format(const struct descriptor *d, enum format f)
{
	for (size_t i = 0; i < d->registry.formats.n; i++) {
		if (d->registry.formats.at[i] == f) {
			return true;
		}
	}
	return false;
}

#define DNS_LABEL_MAX 63
#define DNS_NAME_MAX  253 /* of a whole name in DNS, without the dot at its end */

static bool is_no_dns_name(const struct descriptor *d, char *say, size_t size)
{
	char name[2 * DNS_NAME_MAX + 2];
	snprintf(name, sizeof(name), "%s.%s", d->service.name, d->registry.domain);
	for (const char *at = name; has_format(d, FORMAT_SKYDNS); at++) {
		size_t len = strcspn(at, ".");
		if (len == 0 || len > DNS_LABEL_MAX) {
			snprintf(say, size,
					"service.name and register.domain make no name in DNS: the part "
					"'%.*s' has not 1 to %d characters",
					(int)len, at, DNS_LABEL_MAX);
			return true;
		}
		at += len;
		if (*at == '\0') {
			break;
		}
	}
	snprintf(say, size,
			"service.name and register.domain make no name in DNS: together they have "
			"%zu characters, %d are possible",
			strlen(name), DNS_NAME_MAX);
	return has_format(d, FORMAT_SKYDNS) && strlen(name) > DNS_NAME_MAX;
}

/* Kratos is given a URL, whose scheme the protocol is: Go reads no other. */
static bool is_no_scheme(const struct descriptor *d, char *say, size_t size)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	static const char others[] = "0123456789+-.";
	const char *at = d->service.protocol;

	snprintf(say, size,
			"kratos puts service.protocol before ://, where letters can stand, and "
			"behind the first of them digits and + - . too");
	if (!has_format(d, FORMAT_KRATOS) || strchr(letters, *at) == NULL) {
		return has_format(d, FORMAT_KRATOS);
	}
	while (*at != '\0' && (strchr(letters, *at) != NULL || strchr(others, *at) != NULL)) {
		at++;
	}
	return *at != '\0';
}

static bool formats_meet(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size,
			"grpc-naming and go-zero stand under the same prefix %s/, where go-zero takes "
			"every value for host:port",
			d->service.name);
	return has_format(d, FORMAT_GRPC_NAMING) && has_format(d, FORMAT_GO_ZERO);
}

static bool prefix_does_nothing(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size, "counts for the format services, which is not in register.formats");
	return !has_format(d, FORMAT_SERVICES) && strcmp(d->registry.prefix, "/services") != 0;
}

static bool domain_does_nothing(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size, "counts for the format skydns, which is not in register.formats");
	return !has_format(d, FORMAT_SKYDNS) && strcmp(d->registry.domain, "skydns.local") != 0;
}

/* ---- TLS ------------------------------------------------------------------------- */

static bool is_set(const char *text)
{
	return *text != '\0';
}

static bool lacks_key(const struct tls_settings *tls, char *say, size_t size)
{
	snprintf(say, size,
			"is set, but key_file is not: a certificate is of no use without its key");
	return is_set(tls->cert_file) && !is_set(tls->key_file);
}

static bool lacks_cert(const struct tls_settings *tls, char *say, size_t size)
{
	snprintf(say, size,
			"is set, but cert_file is not: a key is of no use without its certificate");
	return is_set(tls->key_file) && !is_set(tls->cert_file);
}

static bool trusts_all(const struct tls_settings *tls, char *say, size_t size)
{
	const char *idle = is_set(tls->ca_file)       ? ", ca_file changes nothing about that"
			   : is_set(tls->server_name) ? ", server_name changes nothing about that"
						      : "";
	snprintf(say, size,
			"any certificate is taken, so whoever stands in between can read and "
			"change all%s",
			idle);
	return tls->insecure_skip_verify;
}

static bool etcd_lacks_key(const struct descriptor *d, char *say, size_t size)
{
	return lacks_key(&d->etcd.tls, say, size);
}

static bool etcd_lacks_cert(const struct descriptor *d, char *say, size_t size)
{
	return lacks_cert(&d->etcd.tls, say, size);
}

static bool etcd_trusts_all(const struct descriptor *d, char *say, size_t size)
{
	return trusts_all(&d->etcd.tls, say, size);
}

static bool probe_lacks_key(const struct descriptor *d, char *say, size_t size)
{
	return lacks_key(&d->probe.tls, say, size);
}

static bool probe_lacks_cert(const struct descriptor *d, char *say, size_t size)
{
	return lacks_cert(&d->probe.tls, say, size);
}

static bool probe_trusts_all(const struct descriptor *d, char *say, size_t size)
{
	return trusts_all(&d->probe.tls, say, size);
}

/* ---- users of etcd --------------------------------------------------------------- */

static bool lacks_password(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size, "is set, but neither etcd.password_file nor etcd.password is");
	return is_set(d->etcd.username) && !is_set(d->etcd.password) &&
	       !is_set(d->etcd.password_file);
}

static bool password_lacks_user(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size, "is set, but etcd.username is not");
	return is_set(d->etcd.password) && !is_set(d->etcd.username);
}

static bool file_lacks_user(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size, "is set, but etcd.username is not");
	return is_set(d->etcd.password_file) && !is_set(d->etcd.username);
}

static bool has_two_passwords(const struct descriptor *d, char *say, size_t size)
{
	snprintf(say, size, "is set, and etcd.password too: one of them is enough");
	return is_set(d->etcd.password_file) && is_set(d->etcd.password);
}

static bool password_is_in_the_clear(const struct descriptor *d, char *say, size_t size)
{
	const struct endpoints *list = &d->etcd.endpoints;
	size_t i = 0;
	while (i < list->n && (list->at[i].tls || endpoint_is_loopback(list->at[i].host))) {
		i++;
	}
	snprintf(say, size, "its password crosses the network in the clear to %.60s: set etcd.tls",
			i < list->n ? list->at[i].host : "");
	return i < list->n && is_set(d->etcd.username);
}

static const struct rule rules[] = {
	{ "service.host", true, host_is_wildcard },
	{ "register.ttl", true, ttl_is_long },
	{ "register.formats", false, is_no_dns_name },
	{ "register.formats", false, is_no_scheme },
	{ "register.formats", true, formats_meet },
	{ "register.prefix", true, prefix_does_nothing },
	{ "register.domain", true, domain_does_nothing },
	{ "etcd.request_timeout", true, request_outlasts_ttl },
	{ "etcd.username", false, lacks_password },
	{ "etcd.username", true, password_is_in_the_clear },
	{ "etcd.password", false, password_lacks_user },
	{ "etcd.password_file", false, file_lacks_user },
	{ "etcd.password_file", false, has_two_passwords },
	{ "etcd.tls.cert_file", false, etcd_lacks_key },
	{ "etcd.tls.key_file", false, etcd_lacks_cert },
	{ "etcd.tls.insecure_skip_verify", true, etcd_trusts_all },
	{ "probe.interval", true, interval_outlasts_ttl },
	{ "probe.timeout", true, timeout_outlasts_interval },
	{ "probe.failure_threshold", true, failures_take_long },
	{ "probe.initial_delay", true, delay_is_long },
	{ "probe.tls.cert_file", false, probe_lacks_key },
	{ "probe.tls.key_file", false, probe_lacks_cert },
	{ "probe.tls.insecure_skip_verify", true, probe_trusts_all },
	{ "discover.settle", true, settle_is_long },
	{ "shutdown.linger", true, linger_is_long },
	{ "shutdown.linger", true, linger_does_nothing },
};

const struct rule *rules_all(size_t *n)
{
	*n = ARRAY_LEN(rules);
	return rules;
}
