/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guard.h"

/* More than half of what was there. */
static bool is_sudden(const struct guard *g, const struct instances *published,
		const struct instances *live, double now)
{
	const struct instances *before = now - g->peak_at > GUARD_TTL ? published : &g->peak;

	return 2 * instances_compare(before, live).removed > before->n;
}

enum guard_verdict guard_judge(struct guard *g, const struct instances *published,
		const struct instances *live, unsigned reads, double now)
{
	if (!is_sudden(g, published, live, now)) {
		g->doubted = false;
		return GUARD_PUBLISH;
	}
	if (now < g->hold_until) {
		return GUARD_HOLD;
	}
	if (!g->doubted) {
		g->doubted = true;
		g->reads = reads;
	}
	return reads > g->reads ? GUARD_PUBLISH : GUARD_CONFIRM;
}

int guard_published(struct guard *g, const struct instances *live, double now)
{
	bool confirmed = g->doubted;

	g->doubted = false;
	if (!confirmed && live->n < g->peak.n && now - g->peak_at <= GUARD_TTL) {
		return 0;
	}
	g->peak_at = now;
	return instances_copy(&g->peak, live);
}

void guard_outage_over(struct guard *g, double now)
{
	g->hold_until = now + GUARD_TTL;
}

void guard_finish(struct guard *g)
{
	instances_finish(&g->peak);
}
