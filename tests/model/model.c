/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model - the compiled tables of lease.c against a small etcd that loses,
 * delays and expires.
 *
 *   model            every reachable state, every property
 *   model mutations  every single cell changed to every other value, one at a
 *                    time: each change must break a property
 */
#include <stdio.h>
#include <string.h>

#include "agent/util.h"

#include "tests/model/walk.h"

#define N_STEPS (STEP_LEAVE + 1)
#define N_WHENS (WHEN_CLEAR + 1)

static struct model compiled(unsigned late_max)
{
	struct model m = { .late_max = late_max };

	memcpy(m.tables.next, lease_next, sizeof lease_next);
	memcpy(m.tables.after, lease_after, sizeof lease_after);
	memcpy(m.tables.outcomes, lease_outcomes, sizeof lease_outcomes);
	return m;
}

static int walk_compiled(void)
{
	struct model m = compiled(LATE_MAX);
	struct walk_figures figures;

	walk_all(&m, &figures);
	printf("%zu states, %zu transitions, at most %u undisturbed moves to a goal\n",
			figures.states, figures.transitions, figures.to_goal);
	if (m.broken != NULL) {
		printf("broken: %s\n", m.broken);
		return 1;
	}
	return 0;
}

/* ---- mutations ------------------------------------------------------------------------------- */

enum table { TABLE_NEXT, TABLE_STATE, TABLE_WHEN, TABLE_OUTCOMES };

/* One changed cell: row and column of its table, and the new value. */
struct mutation {
	enum table table;
	unsigned row, column, value;
};

static const struct {
	const char *name;
	unsigned rows, columns, values;
} tables[] = {
	[TABLE_NEXT] = { "lease_next", N_RESTING, N_GOALS, N_STEPS },
	[TABLE_STATE] = { "lease_after.state", N_LEASE_STATES, N_OUTCOMES, N_LEASE_STATES },
	[TABLE_WHEN] = { "lease_after.when", N_LEASE_STATES, N_OUTCOMES, N_WHENS },
	[TABLE_OUTCOMES] = { "lease_outcomes", N_LEASE_STATES, N_OUTCOMES, 2 },
};

/* False when the cell has that value already. */
static bool mutate(struct tables *t, const struct mutation *c)
{
	struct lease_after *after = &t->after[c->row][c->column];
	unsigned before = 0;

	switch (c->table) {
	case TABLE_NEXT:
		before = t->next[c->row][c->column];
		t->next[c->row][c->column] = (enum step)c->value;
		break;
	case TABLE_STATE:
		before = after->state;
		after->state = (enum lease_state)c->value;
		break;
	case TABLE_WHEN:
		before = after->when;
		after->when = (enum when)c->value;
		break;
	case TABLE_OUTCOMES:
		before = t->outcomes[c->row][c->column];
		t->outcomes[c->row][c->column] = (unsigned char)c->value;
		break;
	}
	return before != c->value;
}

static bool survives(const struct mutation *c, unsigned *tried)
{
	struct model m = compiled(LATE_MAX);

	if (!mutate(&m.tables, c)) {
		return false;
	}
	(*tried)++;
	walk_all(&m, NULL);
	if (m.broken == NULL) {
		printf("%s[%s][%u] = %u breaks no property\n", tables[c->table].name,
				lease_state_name((enum lease_state)c->row), c->column, c->value);
	}
	return m.broken == NULL;
}

static int walk_mutations(void)
{
	unsigned tried = 0, survivors = 0;

	for (unsigned t = 0; t < ARRAY_LEN(tables); t++) {
		unsigned cells = tables[t].rows * tables[t].columns;
		for (unsigned i = 0; i < cells * tables[t].values; i++) {
			unsigned cell = i / tables[t].values;
			struct mutation c = { (enum table)t, cell / tables[t].columns,
				cell % tables[t].columns, i % tables[t].values };
			survivors += survives(&c, &tried) ? 1 : 0;
		}
	}
	printf("%u changes of one cell: %u caught, %u survive\n", tried, tried - survivors,
			survivors);
	return survivors > 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "mutations") == 0) {
		/* That a change breaks something says nothing when all is broken already. */
		return walk_compiled() != 0 || walk_mutations() != 0 ? 1 : 0;
	}
	return walk_compiled();
}
