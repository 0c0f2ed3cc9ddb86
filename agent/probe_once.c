/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe_once.h"

#include <ev.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cadence.h"
#include "agent/needs.h"
#include "agent/net/tls_shelf.h"
#include "agent/prober.h"
#include "agent/utf8.h"
#include "agent/util.h"

/* What the probes of all services share. */
struct tally {
	struct ev_loop *loop;
	FILE *out;
	struct tls_shelf shelf;
	size_t left;
	bool all_well;
};

struct one {
	struct prober prober;
	struct tally *tally; /* borrowed; NULL once the result is in */
};

static void on_change(struct prober *prober)
{
	UNUSED(prober); /* the result is all that counts here */
}

static void on_audited(struct prober *prober, const struct prober_result *result)
{
	struct one *one = CONTAINER_OF(prober, struct one, prober);
	struct tally *tally = one->tally;

	if (tally == NULL) {
		return; /* probed again while others were still at it */
	}
	one->tally = NULL;
	char *sentence = strdup(result->sentence); /* what a program has said is in it */
	if (sentence != NULL) {
		utf8_make_harmless(sentence);
	}
	(void)fprintf(tally->out, "%s %s in %.1fms: %s\n", prober->desc->service.name,
			reason_token(result->reason), result->took * 1e3,
			sentence == NULL ? "" : sentence);
	free(sentence);
	tally->all_well = tally->all_well && result->verdict == VERDICT_PASS;
	tally->left--;
	if (tally->left == 0) {
		ev_break(tally->loop, EVBREAK_ALL);
	}
}

static int start_all(struct one *ones, const struct descriptor_set *set, struct tally *tally,
		struct cadence *cadence)
{
	for (size_t i = 0; i < set->n; i++) {
		if (set->at[i].discover.on) {
			continue; /* a reader has nothing to probe */
		}
		if (prober_init(&ones[i].prober, tally->loop, &tally->shelf, &set->at[i], cadence,
				    on_change) < 0) {
			return -1;
		}
		ones[i].tally = tally;
		ones[i].prober.on_audited = on_audited;
		prober_audit(&ones[i].prober);
	}
	return 0;
}

static size_t count_services(const struct descriptor_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		n += set->at[i].discover.on ? 0 : 1;
	}
	return n;
}

enum exit_code probe_once(const struct descriptor_set *set, FILE *out, struct err *err)
{
	struct cadence cadence = { 0 };
	struct tally tally = { .out = out, .left = count_services(set), .all_well = true };
	enum exit_code code = EXIT_INTERNAL;

	if (tally.left == 0) {
		(void)err_set(err, ERR_MISSING,
				"there is nothing to probe: a reader has no service");
		return EXIT_USAGE;
	}
	if (needs_load_all(set, err) < 0) {
		return code;
	}
	struct one *ones = calloc(set->n, sizeof *ones);
	tally.loop = ev_default_loop(EVFLAG_AUTO);
	if (tally.loop == NULL || ones == NULL || start_all(ones, set, &tally, &cadence) < 0) {
		(void)err_set(err, ERR_SYSTEM, "out of memory");
	} else {
		(void)ev_run(tally.loop, 0);
		code = tally.all_well ? EXIT_DONE : EXIT_NO;
	}
	for (size_t i = 0; ones != NULL && i < set->n; i++) {
		prober_finish(&ones[i].prober);
	}
	free(ones);
	tls_shelf_finish(&tally.shelf);
	if (tally.loop != NULL) {
		ev_loop_destroy(tally.loop);
	}
	return code;
}
