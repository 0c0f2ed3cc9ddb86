/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk - breadth first through all moves, then two walks over what was found.
 *
 * With an etcd that loses nothing any more and a world that lets it be, every
 * state must lead to its goal, by every way (there is no loop short of it) and
 * for good. And no loop may do without a pause, whatever the network loses:
 * that would be an agent that spins.
 */
#include "tests/model/walk.h"

#include <assert.h>
#include <stdlib.h>

#include "agent/util.h"

#define SLOTS (1u << 19) /* a power of two, at least twice the states */

enum { HEALTHY = 1, PAUSELESS = 2 };

/* clang-format off */
static const struct {
	struct move move;
	unsigned kinds;
} moves[] = {
	{ { MOVE_APPLY, 0 },             HEALTHY | PAUSELESS },
	{ { MOVE_ANSWER, 0 },            HEALTHY | PAUSELESS },
	{ { MOVE_LATE, 0 },              HEALTHY | PAUSELESS },
	{ { MOVE_LATE, 1 },              HEALTHY | PAUSELESS },
	{ { MOVE_TIMER, 0 },             HEALTHY },
	{ { MOVE_APPLY_LAGGING, 0 },     PAUSELESS },
	{ { MOVE_LOSE, 0 },              PAUSELESS },
	{ { MOVE_LOSE_ANSWER, 0 },       PAUSELESS },
	{ { MOVE_DELAY, 0 },             PAUSELESS },
	{ { MOVE_REPEAT, 0 },            0 },
	{ { MOVE_DROP, 0 },              0 },
	{ { MOVE_DROP, 1 },              0 },
	{ { MOVE_GOAL, GOAL_KEEP },      0 },
	{ { MOVE_GOAL, GOAL_READY },     0 },
	{ { MOVE_GOAL, GOAL_PRESENT },   0 },
	{ { MOVE_GOAL, GOAL_ABSENT },    0 },
	{ { MOVE_GOAL, GOAL_EXIT },      0 },
	{ { MOVE_EXPIRE, 1 },            0 },
	{ { MOVE_EXPIRE, 2 },            0 },
	{ { MOVE_EXPIRE, 3 },            0 },
	{ { MOVE_DELETE, 0 },            0 },
	{ { MOVE_ALTER, 0 },             0 },
	{ { MOVE_UNLEASE, 0 },           0 },
	{ { MOVE_STRANGER, 0 },          0 },
	{ { MOVE_AGES, 0 },              0 },
	{ { MOVE_OTHER_PUTS, 0 },        0 },
	{ { MOVE_OTHER_GOES, 0 },        0 },
};
/* clang-format on */

/* Colours of a depth-first walk; a finished state holds its distance plus DONE. */
enum { NEW, OPEN, DONE };

struct walk {
	struct model *m;
	uint32_t *slots;  /* index into `states` plus 1; 0 is free */
	uint64_t *states; /* in the order they were found */
	uint8_t *colours;
	size_t n, transitions;
};

static size_t slot_of(const struct walk *k, uint64_t packed)
{
	size_t slot = (size_t)((packed * 0x9e3779b97f4a7c15u) >> 40) & (SLOTS - 1);

	while (k->slots[slot] != 0 && k->states[k->slots[slot] - 1] != packed) {
		slot = (slot + 1) & (SLOTS - 1);
	}
	return slot;
}

static void add(struct walk *k, const struct world *w)
{
	uint64_t packed = world_pack(w);
	size_t slot = slot_of(k, packed);

	if (k->slots[slot] == 0) {
		world_check(k->m, w);
		if (k->n == SLOTS / 2) {
			k->m->broken = "the states grow without bound";
			return;
		}
		k->states[k->n++] = packed;
		k->slots[slot] = (uint32_t)k->n;
	}
}

static void visit_all(struct walk *k)
{
	for (size_t i = 0; i < k->n && k->m->broken == NULL; i++) {
		struct world from = world_unpack(k->states[i]);
		for (size_t j = 0; j < ARRAY_LEN(moves) && k->m->broken == NULL; j++) {
			struct world to = from;
			if (world_move(k->m, &to, moves[j].move)) {
				k->transitions++;
				add(k, &to);
			}
		}
	}
}

/* The states that moves of one kind lead to; how many. */
static size_t successors(struct walk *k, size_t index, unsigned kind, size_t out[ARRAY_LEN(moves)])
{
	struct world from = world_unpack(k->states[index]);
	size_t n = 0;

	for (size_t j = 0; j < ARRAY_LEN(moves); j++) {
		struct world to = from;
		if ((moves[j].kinds & kind) != 0 && world_move(k->m, &to, moves[j].move)) {
			out[n++] = k->slots[slot_of(k, world_pack(&to))] - 1;
		}
	}
	return n;
}

static bool at_goal(const struct walk *k, size_t index)
{
	struct world w = world_unpack(k->states[index]);

	return world_at_goal(k->m, &w);
}

/* The longest way from here to the goal in healthy moves. Depth: bounded by that way. */
static unsigned distance(struct walk *k, size_t index)
{
	size_t next[ARRAY_LEN(moves)];
	unsigned longest = 0;

	if (k->colours[index] >= DONE || k->m->broken != NULL) {
		return k->colours[index] - (unsigned)DONE;
	}
	if (k->colours[index] == OPEN) {
		k->m->broken = "an undisturbed agent goes round and never reaches its goal";
		return 0;
	}
	k->colours[index] = OPEN;
	size_t n = successors(k, index, HEALTHY, next);
	bool there = at_goal(k, index);
	if (!there && n == 0) {
		k->m->broken = "an undisturbed agent rests short of its goal";
	}
	for (size_t i = 0; i < n && k->m->broken == NULL; i++) {
		if (!there) {
			unsigned d = 1 + distance(k, next[i]);
			longest = d > longest ? d : longest;
		} else if (!at_goal(k, next[i])) {
			k->m->broken = "an undisturbed agent leaves its goal";
		}
	}
	k->colours[index] = (uint8_t)(DONE + longest);
	return longest;
}

/* Depth: bounded by the longest way without a pause. */
static void check_spin(struct walk *k, size_t index)
{
	size_t next[ARRAY_LEN(moves)];

	if (k->colours[index] == DONE || k->m->broken != NULL) {
		return;
	}
	if (k->colours[index] == OPEN) {
		k->m->broken = "the agent spins: a loop without a pause";
		return;
	}
	k->colours[index] = OPEN;
	size_t n = successors(k, index, PAUSELESS, next);
	for (size_t i = 0; i < n; i++) {
		check_spin(k, next[i]);
	}
	k->colours[index] = DONE;
}

static unsigned check_loops(struct walk *k)
{
	unsigned longest = 0;

	k->colours = calloc(k->n + 1, 1);
	assert(k->colours != NULL);
	for (size_t i = 0; i < k->n && k->m->broken == NULL; i++) {
		unsigned d = distance(k, i);
		longest = d > longest ? d : longest;
	}
	for (size_t i = 0; i < k->n; i++) {
		k->colours[i] = NEW;
	}
	for (size_t i = 0; i < k->n && k->m->broken == NULL; i++) {
		check_spin(k, i);
	}
	free(k->colours);
	return longest;
}

/* Every cell is used by the walk, or says of itself that it cannot be. */
static void check_cells(struct model *m)
{
	const struct tables *t = &m->tables;

	for (unsigned s = 0; s < N_RESTING; s++) {
		for (unsigned g = 0; g < N_GOALS; g++) {
			if (!m->used_next[s][g]) {
				m->broken = "a cell of lease_next that no state reaches";
			}
		}
	}
	for (unsigned s = 0; s < N_LEASE_STATES; s++) {
		for (unsigned o = 0; o < N_OUTCOMES; o++) {
			if (t->outcomes[s][o] != m->used_outcome[s][o]) {
				m->broken = "lease_outcomes allows an outcome that never comes";
			}
			if (!t->outcomes[s][o] &&
					(t->after[s][o].state != LEASE_NONE ||
							t->after[s][o].when != WHEN_NOW)) {
				m->broken = "an unused cell of lease_after is not empty";
			}
		}
	}
}

void walk_all(struct model *m, struct walk_figures *figures)
{
	struct walk k = { .m = m };
	struct world begin = { .state = LEASE_NONE, .goal = GOAL_KEEP };
	struct walk_figures result = { 0 };

	k.slots = calloc(SLOTS, sizeof *k.slots);
	k.states = malloc(SLOTS / 2 * sizeof *k.states);
	assert(k.slots != NULL && k.states != NULL);
	add(&k, &begin);
	visit_all(&k);
	if (m->broken == NULL) {
		check_cells(m);
	}
	if (m->broken == NULL) {
		result.to_goal = check_loops(&k);
	}
	result.states = k.n;
	result.transitions = k.transitions;
	if (figures != NULL) {
		*figures = result;
	}
	free(k.slots);
	free(k.states);
}
