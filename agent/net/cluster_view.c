/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/cluster_view.h"

#include <stdlib.h>
#include <string.h>

/* So long one story has to be told, by whoever answers, to be believed; seconds. */
#define LONG_DOUBT 60.0

int cluster_view_init(struct cluster_view *view, unsigned n)
{
	memset(view, 0, sizeof *view);
	view->contradicts = calloc(n, sizeof *view->contradicts);
	if (view->contradicts == NULL) {
		return -1;
	}
	view->n = n;
	return 0;
}

void cluster_view_finish(struct cluster_view *view)
{
	free(view->contradicts);
	memset(view, 0, sizeof *view);
}

struct cluster_floor cluster_view_floor(const struct cluster_view *view)
{
	return (struct cluster_floor){ .known = view->known, .epoch = view->epoch };
}

bool cluster_mark_is(const struct cluster_mark *a, const struct cluster_mark *b)
{
	return a->cluster != 0 && a->cluster == b->cluster && a->member == b->member &&
	       a->term == b->term && a->revision == b->revision;
}

static void forget_doubt(struct cluster_view *view)
{
	view->doubt = 0;
	view->n_contradict = 0;
	memset(view->contradicts, 0, view->n * sizeof *view->contradicts);
}

/* True when so many contradict, or for so long, that they are right. */
static bool contradict(struct cluster_view *view, unsigned endpoint, uint64_t cluster, double now)
{
	bool another = view->doubt != cluster;

	if (another) {
		forget_doubt(view);
		view->doubt = cluster;
	}
	if (another || now - view->doubted_at > LONG_DOUBT) {
		view->doubted_from = now; /* nobody was asked meanwhile: that proves nothing */
	}
	view->doubted_at = now;
	if (now - view->doubted_from >= LONG_DOUBT) {
		return true;
	}
	if (view->n == 1) {
		return ++view->n_contradict >= 2;
	}
	view->n_contradict += view->contradicts[endpoint] ? 0 : 1;
	view->contradicts[endpoint] = true;
	return view->n_contradict >= view->n / 2 + 1;
}

static enum view_verdict doubt(struct cluster_view *view, unsigned endpoint,
		const struct cluster_mark *seen, double now, enum view_verdict verdict)
{
	if (!contradict(view, endpoint, seen->cluster, now)) {
		return verdict;
	}
	forget_doubt(view);
	view->known = *seen;
	view->epoch++;
	return VIEW_RENEWED;
}

static void note(struct cluster_view *view, const struct cluster_mark *seen)
{
	struct cluster_mark *known = &view->known;

	known->cluster = seen->cluster;
	known->term = seen->term > known->term ? seen->term : known->term;
	known->revision = seen->revision > known->revision ? seen->revision : known->revision;
}

bool cluster_mark_lags(const struct cluster_mark *seen, const struct cluster_floor *floor)
{
	return seen->revision < floor->known.revision;
}

enum view_verdict cluster_view_judge(struct cluster_view *view, unsigned endpoint,
		const struct cluster_floor *floor, const struct cluster_mark *seen,
		enum view_proof proof, double now)
{
	/* What was sent before the truth changed cannot be compared with it. */
	bool comparable = floor->epoch == view->epoch;

	if (seen->cluster == 0) {
		return VIEW_FINE;
	}
	if (view->known.cluster != 0 && seen->cluster != view->known.cluster) {
		return comparable ? doubt(view, endpoint, seen, now, VIEW_FOREIGN) : VIEW_FOREIGN;
	}
	if (!comparable) {
		return VIEW_FINE;
	}
	/* A member that has just started, and has applied nothing yet, says term 0. */
	bool earlier = seen->term != 0 && seen->term < floor->known.term;
	bool lags = cluster_mark_lags(seen, floor);
	if (earlier || (lags && proof == PROOF_FULL)) {
		return doubt(view, endpoint, seen, now, VIEW_BEHIND);
	}
	note(view, seen);
	if (!lags) {
		forget_doubt(view);
	}
	return VIEW_FINE;
}
