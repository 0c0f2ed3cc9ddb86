/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers of answers, in any order, from up to five endpoints: what is known never goes backwards
 * but when so many say so, or for so long, and nothing of another cluster is believed before.
 *
 * The input: the number of endpoints, and four bytes for each answer.
 */
#include <string.h>

#include "agent/net/cluster_view.h"
#include "tests/fuzz/fuzz.h"

#define ENDPOINTS 5
#define MINUTE    60.0

/* Who has contradicted since nobody did, by our own count. */
struct doubts {
	uint64_t cluster;
	bool by[ENDPOINTS];
	unsigned times;
	double since;
};

static bool enough(const struct doubts *doubts, unsigned n, double now)
{
	unsigned distinct = 0;

	for (unsigned i = 0; i < n; i++) {
		distinct += doubts->by[i] ? 1 : 0;
	}
	return now - doubts->since >= MINUTE || (n == 1 && doubts->times >= 2) ||
	       (n > 1 && distinct >= n / 2 + 1);
}

static void note(struct doubts *doubts, unsigned endpoint, uint64_t cluster, double now)
{
	if (doubts->cluster != cluster || doubts->times == 0) {
		*doubts = (struct doubts){ .cluster = cluster, .since = now };
	}
	doubts->by[endpoint] = true;
	doubts->times++;
}

struct answer {
	unsigned endpoint;
	struct cluster_floor floor;
	struct cluster_mark seen;
	enum view_proof proof;
};

static void expect_renewed(const struct cluster_view *view, const struct cluster_view *before,
		const struct answer *a)
{
	HOLDS(view->epoch == before->epoch + 1 && cluster_mark_is(&view->known, &a->seen));
	HOLDS(a->floor.epoch == before->epoch);
}

static void expect_kept(const struct cluster_view *view, const struct cluster_view *before)
{
	HOLDS(view->epoch == before->epoch);
	HOLDS(before->known.cluster == 0 || view->known.cluster == before->known.cluster);
	HOLDS(view->known.term >= before->known.term);
	HOLDS(view->known.revision >= before->known.revision);
}

static void judge(struct cluster_view *view, struct doubts *doubts, const struct answer *a,
		double now)
{
	const struct cluster_view before = *view;
	enum view_verdict verdict =
			cluster_view_judge(view, a->endpoint, &a->floor, &a->seen, a->proof, now);
	bool comparable = a->floor.epoch == before.epoch;
	bool foreign = a->seen.cluster != 0 && before.known.cluster != 0 &&
		       a->seen.cluster != before.known.cluster;

	switch (verdict) {
	case VIEW_FINE:
		HOLDS(!foreign);
		if (comparable && a->seen.cluster != 0 && !cluster_mark_lags(&a->seen, &a->floor)) {
			*doubts = (struct doubts){ 0 };
		}
		break;
	case VIEW_FOREIGN:
	case VIEW_BEHIND:
		HOLDS(foreign == (verdict == VIEW_FOREIGN));
		if (comparable) {
			note(doubts, a->endpoint, a->seen.cluster, now);
		}
		break;
	case VIEW_RENEWED:
		note(doubts, a->endpoint, a->seen.cluster, now);
		HOLDS(enough(doubts, before.n, now));
		*doubts = (struct doubts){ 0 };
		expect_renewed(view, &before, a);
		return;
	}
	expect_kept(view, &before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes in = { data, size };
	unsigned n = fuzz_u8(&in) % ENDPOINTS + 1;
	struct cluster_view view;
	struct cluster_floor earlier;
	struct doubts doubts = { 0 };
	double now = 1000.0;

	HOLDS(cluster_view_init(&view, n) == 0);
	earlier = cluster_view_floor(&view);
	while (in.left > 0) {
		uint8_t who = fuzz_u8(&in), what = fuzz_u8(&in), at = fuzz_u8(&in);
		struct answer a = {
			.endpoint = who % n,
			.floor = (who & 0x80) != 0 ? earlier : cluster_view_floor(&view),
			.seen = { .cluster = what % 4,
					.term = what / 4 % 8,
					.revision = at,
					.member = who % n + 1u },
			.proof = (what & 0x80) != 0 ? PROOF_FULL : PROOF_TERM,
		};
		now += (double)(fuzz_u8(&in) % 64);
		judge(&view, &doubts, &a, now);
		if ((what & 0x40) != 0) {
			earlier = cluster_view_floor(&view);
		}
	}
	cluster_view_finish(&view);
	return 0;
}
