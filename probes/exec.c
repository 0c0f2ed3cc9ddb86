/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec - the probe that runs a program and looks at how it ends.
 *
 * Ended with 0 it passes. Anything else counts to the threshold: a script also
 * fails for reasons of its own. A program that cannot be run at all says
 * nothing about the service.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/child.h"
#include "agent/util.h"
#include "probes/probe.h"

struct exec_probe {
	struct probe probe;
	struct ev_loop *loop;          /* borrowed */
	const struct descriptor *desc; /* borrowed */
	struct child child;
	ev_timer later; /* it could not be run */
	struct err why;
};

static struct exec_probe *self_of(struct probe *probe)
{
	return CONTAINER_OF(probe, struct exec_probe, probe);
}

static void report(struct exec_probe *p, enum reason reason, const char *detail)
{
	struct probe_report r = { .reason = reason, .detail = detail, .audit = true };

	p->probe.events->on_report(&p->probe, &r);
}

static void on_ended(struct child *child, const char *why)
{
	struct exec_probe *p = CONTAINER_OF(child, struct exec_probe, child);
	char detail[CHILD_LINE_MAX + 300];

	if (why == NULL) {
		report(p, REASON_EXEC_OK, NULL);
		return;
	}
	(void)snprintf(detail, sizeof detail, "%.100s: %s", p->desc->probe.command.at[0], why);
	report(p, child_was_late(child) ? REASON_DEADLINE : REASON_EXEC_FAILED, detail);
}

static void on_later(struct ev_loop *loop, ev_timer *later, int revents)
{
	struct exec_probe *p = CONTAINER_OF(later, struct exec_probe, later);

	UNUSED(loop);
	UNUSED(revents);
	report(p, p->why.code == ERR_MISSING ? REASON_EXEC_MISSING : REASON_NO_RESOURCES,
			p->why.text);
}

/* The deadline is the descriptor's timeout from now on. */
static void audit(struct probe *probe, double deadline)
{
	struct exec_probe *p = self_of(probe);
	const struct child_spec spec = {
		.argv = p->desc->probe.command.at,
		.service = p->desc->service.name,
		.timeout = (double)p->desc->probe.timeout_ms / 1000.0,
		.stdout_too = true,
		.at_once = true,
	};

	UNUSED(deadline);
	if (child_start(&p->child, p->loop, &spec, on_ended, &p->why) < 0) {
		ev_timer_set(&p->later, 0.0, 0.0);
		ev_timer_start(p->loop, &p->later);
	}
}

static void forget(struct probe *probe)
{
	struct exec_probe *p = self_of(probe);

	child_stop(&p->child);
	ev_timer_stop(p->loop, &p->later);
}

static void destroy(struct probe *probe)
{
	if (probe != NULL) {
		forget(probe);
		free(self_of(probe));
	}
}

static struct probe *create(struct ev_loop *loop, struct turn *turn, struct tls_shelf *shelf,
		const struct descriptor *desc, const struct probe_events *events, void *owner)
{
	struct exec_probe *p = calloc(1, sizeof *p);

	UNUSED(turn);
	UNUSED(shelf);
	if (p == NULL) {
		return NULL;
	}
	p->probe = (struct probe){ &probe_exec, events, owner };
	p->loop = loop;
	p->desc = desc;
	ev_timer_init(&p->later, on_later, 0.0, 0.0);
	return &p->probe;
}

const struct probe_kind probe_exec = {
	.create = create,
	.audit = audit,
	.forget = forget,
	.destroy = destroy,
	.descriptors = 4, /* its stdin and both ends of a pipe, and what it takes to start it */
};
