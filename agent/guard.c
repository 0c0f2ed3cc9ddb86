/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guard.h"

/* What is lost is counted from the most that was outside within one TTL. */
static const struct instances *most_of(
		const struct guard *g, const struct instances *published, double now)
{
	return now - g->peak_at > GUARD_TTL ? published : &g->peak;
}

/* More than half of what was there, or anything in an etcd that was empty a moment ago. */
static bool is_sudden(const struct guard *g, const struct instances *published,
		const struct instances *live, double now)
{
	const struct instances *before = most_of(g, published, now);
	size_t lost = instances_compare(before, live).removed;

	return 2 * lost > before->n || (lost > 0 && g->anew && now < g->hold_until);
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

int guard_published(struct guard *g, const struct instances *published,
		const struct instances *live, double now)
{
	const struct instances *most = most_of(g, published, now);

	if (g->doubted || live->n >= most->n) {
		most = live; /* what was lost and confirmed is not lost once more */
	}
	g->doubted = false;
	if (most == &g->peak) {
		return 0;
	}
	g->peak_at = now;
	return instances_copy(&g->peak, most);
}

void guard_outage_over(struct guard *g, bool anew, double now)
{
	g->anew = anew || (g->anew && now < g->hold_until);
	g->hold_until = now + GUARD_TTL;
}

void guard_finish(struct guard *g)
{
	instances_finish(&g->peak);
}
