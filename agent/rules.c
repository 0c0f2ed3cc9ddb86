/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rules.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent/descriptor.h"
#include "agent/duration.h"
#include "agent/util.h"

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
	return d->etcd.request_timeout_ms >= d->registry.ttl_ms;
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
	return d->shutdown.linger_ms > 5 * MINUTE;
}

static const struct rule rules[] = {
	{ "service.host", host_is_wildcard },
	{ "register.ttl", ttl_is_long },
	{ "etcd.request_timeout", request_outlasts_ttl },
	{ "probe.interval", interval_outlasts_ttl },
	{ "probe.timeout", timeout_outlasts_interval },
	{ "probe.failure_threshold", failures_take_long },
	{ "probe.initial_delay", delay_is_long },
	{ "shutdown.linger", linger_is_long },
};

const struct rule *rules_all(size_t *n)
{
	*n = ARRAY_LEN(rules);
	return rules;
}
