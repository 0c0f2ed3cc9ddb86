/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tending - a renewal that etcd acknowledges proves the lease, not the key, so
 * the key is read back after every third of them: when something was written.
 *
 * Each answer says at which revision the store of the member is that gave it,
 * and whatever is written, deleted or expires moves that. At the revision at
 * which the key was last seen, in the same cluster, it is what it was: a store
 * is made of its log, so two that are at one revision are one. A member that
 * lags shows the old revision for as long as it lags, and so hides a change for
 * that long; the next renewal that shows another one brings the look, however
 * few there were since. A term or a member that is another one proves
 * nothing against the key, and is worth a look; so are another cluster and a
 * revision that has gone back, for a store that was restored. What none of this
 * can show (a member that never catches up and still has a leader; files of a
 * member that were put back from before and written up to the very revision) is
 * found by a look that comes whatever they say: five minutes, at a TTL of ten
 * seconds, after the last one. It costs a fiftieth of the renewals in between.
 *
 * Renewals of one TTL and one phase are due at the same moments, whenever their
 * leases began, and so go out in one request. Those moments are a third of a TTL
 * apart, so no renewal but the first comes earlier than it must.
 */
#include "agent/tending.h"

#include <stdint.h>

/* A moment that is so near, in thirds of a TTL, has come: sums of doubles are not exact. */
#define NEAR 1e-6

void tending_plan(struct tending *t, double sent, double ttl, double phase)
{
	double third = ttl / 3.0;
	double passed = sent / third - phase + NEAR;
	int64_t whole = (int64_t)passed;

	whole -= passed < (double)whole ? 1 : 0; /* soon after the machine has started */
	t->due_at = ((double)whole + 1.0 + phase) * third;
}

bool tending_must_look(unsigned renewals, bool untouched)
{
	return renewals >= (untouched ? TENDING_RENEWALS_MAX : TENDING_RENEWALS);
}

void tending_is_right(struct tending *t, const struct cluster_mark *at)
{
	t->look = false;
	t->renewals = 0;
	t->right_at = *at;
}

void tending_renewed(struct tending *t, const struct cluster_mark *at)
{
	t->renewals++;
	t->look = tending_must_look(t->renewals, cluster_mark_is(at, &t->right_at));
}
