/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/health.h"

static bool become(struct health *h, enum health_state to)
{
	bool changed = h->state != to;

	h->state = to;
	return changed;
}

static bool note_pass(struct health *h, const struct health_rules *rules, double now)
{
	h->fails = 0;
	if (h->passes > 0 && now - h->last_pass < rules->spacing) {
		return false;
	}
	h->last_pass = now;
	if (h->passes < rules->success_threshold) {
		h->passes++;
	}
	return h->passes >= rules->success_threshold && become(h, HEALTH_UP);
}

static bool note_failure(struct health *h, const struct health_rules *rules, bool hard)
{
	h->passes = 0;
	if (h->fails < rules->failure_threshold) {
		h->fails++;
	}
	return (hard || h->fails >= rules->failure_threshold) && become(h, HEALTH_DOWN);
}

bool health_note(struct health *h, const struct health_rules *rules, enum verdict verdict,
		double now)
{
	switch (verdict) {
	case VERDICT_PASS:
		return note_pass(h, rules, now);
	case VERDICT_HARD_FAIL:
		return note_failure(h, rules, true);
	case VERDICT_SOFT_FAIL:
		return note_failure(h, rules, false);
	case VERDICT_INCONCLUSIVE:
		break;
	}
	return false;
}

void health_forget(struct health *h)
{
	*h = (struct health){ HEALTH_UNKNOWN, 0, 0, 0.0 };
}

const char *health_name(enum health_state state)
{
	static const char *const names[] = {
		[HEALTH_UNKNOWN] = "unknown",
		[HEALTH_UP] = "up",
		[HEALTH_DOWN] = "down",
	};

	return names[state];
}
