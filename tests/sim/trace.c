/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/trace.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/util.h"

static const char *const names[] = {
	[FACT_START] = "agent started, incarnation",
	[FACT_KILL] = "agent killed",
	[FACT_TERM] = "agent told to stop",
	[FACT_GONE] = "agent ended",
	[FACT_PAUSE] = "agent paused",
	[FACT_RESUME] = "agent goes on",
	[FACT_SERVICE] = "service is now",
	[FACT_REPORT] = "probe says",
	[FACT_HEALTH] = "health",
	[FACT_ASK_GRANT] = "asks: grant",
	[FACT_ASK_PUT] = "asks: put",
	[FACT_ASK_VERIFY] = "asks: verify",
	[FACT_ASK_RENEW] = "asks: renew",
	[FACT_ASK_REVOKE] = "asks: revoke",
	[FACT_DONE] = "outcome",
	[FACT_LOST] = "network loses",
	[FACT_LATE] = "network delays",
	[FACT_TWICE] = "network doubles",
	[FACT_GRANTED] = "etcd grants",
	[FACT_PUT] = "etcd puts the key",
	[FACT_RENEWED] = "etcd renews",
	[FACT_REVOKED] = "etcd revokes",
	[FACT_EXPIRED] = "etcd expires",
	[FACT_UNLISTED] = "the key is gone",
	[FACT_ETCD_DOWN] = "etcd stops",
	[FACT_ETCD_UP] = "etcd is back",
	[FACT_LEADER] = "etcd has a new leader",
	[FACT_BY_HAND] = "somebody meddles",
	[FACT_LINK] = "network is now",
	[FACT_BLIND] = "agent cannot probe",
	[FACT_QUIET] = "quiet from here on",
	[FACT_END] = "end",
	[FACT_RELOAD] = "agent reads anew, turn",
};
static_assert(ARRAY_LEN(names) == N_FACTS, "every fact has its name");

static void print_line(const struct trace_line *l)
{
	char who[24] = "world";

	if (l->who >= 0) {
		(void)snprintf(who, sizeof who, "agent %d", l->who);
	}
	printf("%12.3f  %-8s %-24s %" PRId64 " %" PRId64 "\n", l->at, who, names[l->fact], l->a,
			l->b);
}

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * 0x9fb21c651e98df25u;
	return h ^ h >> 32;
}

void trace_note(struct trace *t, double at, int who, enum fact fact, int64_t a, int64_t b)
{
	struct trace_line *l = &t->last[t->n++ % TRACE_LAST];
	uint64_t bits;

	*l = (struct trace_line){ at, fact, who, a, b };
	memcpy(&bits, &at, sizeof bits);
	t->digest = mix(t->digest, bits);
	t->digest = mix(t->digest, (uint64_t)fact << 32 ^ (uint32_t)who);
	t->digest = mix(mix(t->digest, (uint64_t)a), (uint64_t)b);
	if (t->print) {
		print_line(l);
	}
}

void trace_print_last(const struct trace *t)
{
	for (uint64_t i = t->n > TRACE_LAST ? t->n - TRACE_LAST : 0; i < t->n; i++) {
		print_line(&t->last[i % TRACE_LAST]);
	}
}
