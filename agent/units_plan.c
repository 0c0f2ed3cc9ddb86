/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/units_plan.h"

#include <stdlib.h>

static int make_room(struct units_plan *p, size_t n, size_t n_running)
{
	*p = (struct units_plan){
		.pairs = calloc(n + 1, sizeof *p->pairs),
		.next = calloc(n + 1, sizeof(struct unit *)),
		.n = n,
		.successors = calloc(n_running + 1, sizeof(struct unit *)),
		.stays = calloc(n_running + 1, sizeof *p->stays),
	};
	return p->pairs == NULL || p->next == NULL || p->successors == NULL || p->stays == NULL ? -1
												: 0;
}

static int pair_up(
		struct units_plan *p, const struct units *units, const struct descriptor_set *set)
{
	const struct descriptor **fresh = calloc(set->n + 1, sizeof(struct descriptor *));
	const struct descriptor **running = calloc(units->n + 1, sizeof(struct descriptor *));
	int result = -1;

	if (fresh != NULL && running != NULL) {
		for (size_t i = 0; i < set->n; i++) {
			fresh[i] = &set->at[i];
		}
		for (size_t i = 0; i < units->n; i++) {
			running[i] = &units->at[i]->desc;
		}
		result = pairing_find(p->pairs, fresh, set->n, running, units->n);
	}
	free(fresh);
	free(running);
	return result;
}

static int make_units(struct units_plan *p, const struct units *units, struct descriptor_set *set,
		struct err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		struct pair *pair = &p->pairs[i];
		if (pair->same) {
			p->next[i] = units->at[pair->old];
			p->stays[pair->old] = true;
			continue;
		}
		p->next[i] = unit_create(&units->shared, &set->at[i], err);
		if (p->next[i] == NULL) {
			for (size_t k = 0; k < i; k++) {
				unit_destroy(p->pairs[k].same ? NULL : p->next[k]);
			}
			return -1;
		}
	}
	return 0;
}

int units_plan_make(struct units_plan *p, const struct units *units, struct descriptor_set *set,
		struct err *err)
{
	(void)err_set(err, ERR_SYSTEM, "out of memory");
	return make_room(p, set->n, units->n) < 0 || pair_up(p, units, set) < 0 ||
					       make_units(p, units, set, err) < 0
			       ? -1
			       : 0;
}

void units_plan_finish(struct units_plan *p)
{
	free(p->pairs);
	free(p->next);
	free(p->successors);
	free(p->stays);
}
