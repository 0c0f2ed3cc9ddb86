/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/units.h"

#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/guard.h"
#include "agent/timer.h"
#include "agent/units_plan.h"
#include "agent/util.h"

static struct unit *unit_of(struct list *link)
{
	return CONTAINER_OF(link, struct unit, link);
}

static struct units *units_of(struct service *service)
{
	const struct unit *u = service->owner;

	return u->shared->owner;
}

/* ---- one takes the place of another -------------------------------------------------- */

static bool has_its_key(const struct unit *u, const struct unit *of)
{
	return u->cluster == of->cluster && registration_is_listed(&u->service.registration) &&
	       strcmp(u->service.registration.entries.at[0].key,
			       of->service.registration.entries.at[0].key) == 0;
}

/* Those that wait for `u`, when it has settled, wait no longer. */
static void release_those_who_wait(struct units *units, struct unit *u)
{
	if (!service_has_settled(&u->service)) {
		return;
	}
	for (struct list *link = units->retiring; link != NULL; link = link->next) {
		struct unit *old = unit_of(link);
		if (old->successor == u) {
			old->successor = NULL;
			service_leave(&old->service, ABSENCE_RELOADED, has_its_key(u, old));
		}
	}
}

static void on_change(struct service *service)
{
	struct units *units = units_of(service);
	struct unit *u = service->owner;

	if (u->link.at == NULL) {
		release_those_who_wait(units, u);
	}
	units->events->on_change(units);
}

/* ---- the way out --------------------------------------------------------------------- */

/* One of the set stays where it is until the end: only who is retiring goes before. */
static void on_gone(struct service *service)
{
	struct units *units = units_of(service);
	struct unit *u = service->owner;
	double until = clock_now() + service_linger(service);

	if (u->link.at != NULL) {
		list_remove(&u->link);
		unit_destroy(u);
	}
	units->linger_until = until > units->linger_until ? until : units->linger_until;
	units->events->on_change(units);
	if (!units->leaving) {
		return;
	}
	units->n_leaving--;
	if (units->n_leaving == 0) {
		units->events->on_all_gone(units);
	}
}

static void on_reader(struct reader *r)
{
	const struct unit *u = r->owner;
	struct units *units = u->shared->owner;

	units->events->on_change(units);
}

static const struct service_events service_events = {
	.on_change = on_change,
	.on_gone = on_gone,
};

static void leave(struct units *units, struct unit *u)
{
	if (unit_registers(u)) {
		u->successor = NULL;
		service_leave(&u->service, ABSENCE_STOPPED, false);
		units->n_leaving++;
	}
}

static void on_nothing_to_leave(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct units *units = CONTAINER_OF(timer, struct units, nothing);

	UNUSED(loop);
	UNUSED(revents);
	units->events->on_all_gone(units);
}

void units_leave(struct units *units)
{
	units->leaving = true;
	for (size_t i = 0; i < units->n; i++) {
		leave(units, units->at[i]);
	}
	for (struct list *link = units->retiring; link != NULL; link = link->next) {
		leave(units, unit_of(link));
	}
	if (units->n_leaving == 0) {
		timer_start(units->shared.loop, &units->nothing, 0.0);
	}
}

/*
 * Its last use is over: a reader at once, a service when it is withdrawn. One
 * that has nothing to keep does not wait for its successor: reloads while etcd is
 * away would be as many that wait.
 */
static void retire(struct units *units, struct unit *u, struct unit *successor)
{
	if (!unit_registers(u)) {
		unit_destroy(u);
		return;
	}
	list_add(&units->retiring, &u->link);
	if (successor != NULL && registration_holds_lease(&u->service.registration)) {
		u->successor = successor;
	} else {
		service_leave(&u->service, ABSENCE_RELOADED, false);
		release_those_who_wait(units, u); /* nobody comes any more */
	}
}

/* ---- a new set ----------------------------------------------------------------------- */

/* What makes no difference to the service is taken from the new one. */
static void refresh(struct unit *u, struct descriptor *fresh)
{
	char *file = u->desc.file;

	u->desc.shutdown = fresh->shutdown;
	u->desc.file = fresh->file;
	fresh->file = file;
}

/* `u` comes where `old` is, and who waits for that one waits for it. */
static void take_place(struct units *units, struct unit *u, struct unit *old)
{
	for (struct list *link = units->retiring; link != NULL; link = link->next) {
		struct unit *waiting = unit_of(link);
		if (waiting->successor == old) {
			waiting->successor = u;
		}
	}
	if (unit_registers(old)) {
		service_succeed(&u->service, &old->service);
		u->service.drained = old->service.drained;
	}
}

static void place(struct units *units, struct descriptor *desc, const struct pair *pair,
		struct units_plan *p, struct unit *u, struct units_change *change)
{
	if (pair->same) {
		refresh(u, desc);
		change->kept++;
		return;
	}
	if (pair->old == PAIRING_NONE) {
		u->service.drained = units->drained;
		change->added++;
	} else {
		p->successors[pair->old] = u;
		take_place(units, u, units->at[pair->old]);
		change->replaced++;
	}
}

static void start(struct units *units, struct unit *u)
{
	unit_start(u);
	if (unit_registers(u)) {
		release_those_who_wait(units, u); /* a drained one makes nobody wait */
	}
}

/* Nothing can fail from here on. */
static void carry_out(struct units *units, struct descriptor_set *set, struct units_plan *p,
		struct units_change *change)
{
	struct unit **before = units->at;
	size_t n_before = units->n;

	for (size_t i = 0; i < p->n; i++) {
		place(units, &set->at[i], &p->pairs[i], p, p->next[i], change);
	}
	change->removed = n_before - change->kept - change->replaced;
	units->at = p->next;
	units->n = p->n;
	p->next = NULL;
	for (size_t i = 0; i < n_before; i++) {
		if (!p->stays[i]) {
			retire(units, before[i], p->successors[i]);
		}
	}
	for (size_t i = 0; i < p->n; i++) {
		if (!p->pairs[i].same) {
			start(units, units->at[i]);
		}
	}
	free(before);
}

int units_apply(struct units *units, struct descriptor_set *set, struct units_change *change,
		struct err *err)
{
	struct units_plan p;
	int result = -1;

	*change = (struct units_change){ 0 };
	if (units_plan_make(&p, units, set, err) == 0) {
		carry_out(units, set, &p, change);
		result = 0;
	}
	units_plan_finish(&p);
	descriptor_set_finish(set);
	return result;
}

/* ---- draining ------------------------------------------------------------------------ */

/* A reader has no name. */
static bool is_named(const struct unit *u, const char *const *names, size_t n)
{
	bool registers = unit_registers(u), named = n == 0;

	for (size_t i = 0; registers && i < n && !named; i++) {
		named = strcmp(u->desc.service.name, names[i]) == 0;
	}
	return registers && named;
}

static bool is_here(const struct units *units, const char *name)
{
	for (size_t i = 0; i < units->n; i++) {
		if (is_named(units->at[i], &name, 1)) {
			return true;
		}
	}
	return false;
}

bool units_drain(struct units *units, const char *const *names, size_t n, bool drained)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_here(units, names[i])) {
			return false;
		}
	}
	units->drained = n == 0 ? drained : units->drained;
	for (struct list *link = units->retiring; link != NULL; link = link->next) {
		if (is_named(unit_of(link), names, n)) {
			service_drain(&unit_of(link)->service, drained);
		}
	}
	for (size_t i = 0; i < units->n; i++) {
		if (is_named(units->at[i], names, n)) {
			service_drain(&units->at[i]->service, drained);
			release_those_who_wait(units, units->at[i]);
		}
	}
	units->events->on_change(units);
	return true;
}

/* ---- all of them --------------------------------------------------------------------- */

void units_init(struct units *units, const struct unit_shared *shared,
		const struct units_events *events)
{
	*units = (struct units){ .shared = *shared, .events = events };
	units->shared.events = &service_events;
	units->shared.on_reader = on_reader;
	units->shared.owner = units;
	ev_timer_init(&units->nothing, on_nothing_to_leave, 0.0, 0.0);
}

void units_interrupted(struct units *units, double gap)
{
	for (size_t i = 0; i < units->n; i++) {
		unit_interrupted(units->at[i], gap);
	}
	for (struct list *link = units->retiring; link != NULL; link = link->next) {
		unit_interrupted(unit_of(link), gap);
	}
}

size_t units_leases(const struct units *units)
{
	size_t n = 0;

	for (size_t i = 0; i < units->n; i++) {
		const struct unit *u = units->at[i];
		n += unit_registers(u) && registration_holds_lease(&u->service.registration) ? 1
											     : 0;
	}
	for (struct list *link = units->retiring; link != NULL; link = link->next) {
		n += registration_holds_lease(&unit_of(link)->service.registration) ? 1 : 0;
	}
	return n;
}

size_t units_services(const struct units *units)
{
	size_t n = 0;

	for (size_t i = 0; i < units->n; i++) {
		n += unit_registers(units->at[i]) ? 1 : 0;
	}
	return n;
}

size_t units_readers(const struct units *units)
{
	size_t n = 0;

	for (size_t i = 0; i < units->n; i++) {
		n += units->at[i]->n_readers;
	}
	return n;
}

/* Who reads does not know the TTL of what it sees, and takes the usual one. */
double units_shortest_ttl(const struct units *units)
{
	double shortest = units_readers(units) > 0 ? GUARD_TTL : 0.0;

	for (size_t i = 0; i < units->n; i++) {
		double ttl = (double)units->at[i]->desc.registry.ttl_ms / 1000.0;
		bool counts = unit_registers(units->at[i]);
		shortest = counts && (shortest <= 0.0 || ttl < shortest) ? ttl : shortest;
	}
	return shortest;
}

void units_finish(struct units *units)
{
	for (size_t i = 0; i < units->n; i++) {
		unit_destroy(units->at[i]);
	}
	while (units->retiring != NULL) {
		struct unit *u = unit_of(units->retiring);
		list_remove(&u->link);
		unit_destroy(u);
	}
	if (units->shared.loop != NULL) {
		ev_timer_stop(units->shared.loop, &units->nothing);
	}
	free(units->at);
	memset(units, 0, sizeof *units);
}
