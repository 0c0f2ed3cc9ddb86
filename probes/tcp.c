/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp - the probe that connects, over TCP or to a unix socket, and says nothing.
 *
 * The kernel takes the connection in the service's place, so this tells that
 * the service listens, and not that it works. It is closed in the ordinary way:
 * a server would take a reset for a client in trouble, and log it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/net/h2_address.h"
#include "agent/util.h"
#include "probes/attempts.h"
#include "probes/probe.h"

struct tcp_probe {
	struct probe probe;
	struct ev_loop *loop;          /* borrowed */
	const struct descriptor *desc; /* borrowed */
	struct attempts attempts;
	struct h2_address addresses[H2_ADDRESSES];
	unsigned n_addresses, address; /* the one that is tried */
	bool refused;                  /* an earlier one was */
	int fd;                        /* -1: none */
	ev_io io;
	ev_timer later; /* `error` is to be told */
	int error;
};

static struct tcp_probe *self_of(struct probe *probe)
{
	return CONTAINER_OF(probe, struct tcp_probe, probe);
}

static enum reason reason_of(int error)
{
	switch (error) {
	case 0:
		return REASON_CONNECTED;
	case ECONNREFUSED:
	case ENOENT: /* no such socket file: nobody has bound it */
		return REASON_REFUSED;
	case EADDRINUSE: /* no port of ours */
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
		return REASON_NO_RESOURCES;
	case ECONNRESET:
	case EPIPE:
		return REASON_RESET;
	case ETIMEDOUT:
		return REASON_DEADLINE;
	}
	return REASON_UNREACHABLE;
}

static void end(struct tcp_probe *p, int error)
{
	char name[TARGET_TEXT_MAX], detail[TARGET_TEXT_MAX + 120];
	enum reason reason = reason_of(error);

	target_format(name, sizeof name, &p->desc->probe.target);
	if (reason == REASON_REFUSED) {
		(void)snprintf(detail, sizeof detail, "nothing listens on %s", name);
	} else {
		(void)snprintf(detail, sizeof detail, "no connection to %s: %s", name,
				h2_address_says(error));
	}
	attempts_ended(&p->attempts, reason, reason == REASON_CONNECTED ? NULL : detail);
}

/* Goes through the addresses from the current one; 0 when one is on its way, or an errno. */
static int connect_next(struct tcp_probe *p)
{
	int error = 0;

	for (; p->address < p->n_addresses; p->address++) {
		p->fd = h2_address_connect(&p->addresses[p->address], p->desc->probe.timeout_ms);
		if (p->fd >= 0) {
			ev_io_set(&p->io, p->fd, EV_WRITE);
			ev_io_start(p->loop, &p->io);
			return 0;
		}
		error = errno;
		if (reason_of(error) == REASON_NO_RESOURCES) {
			return error;
		}
		p->refused = p->refused || reason_of(error) == REASON_REFUSED;
	}
	return p->refused ? ECONNREFUSED : error;
}

static void next_address(struct tcp_probe *p, int error)
{
	h2_address_drop(p->fd);
	p->fd = -1;
	p->refused = p->refused || reason_of(error) == REASON_REFUSED;
	p->address++;
	if (p->address < p->n_addresses) {
		error = connect_next(p);
	} else if (p->refused) {
		error = ECONNREFUSED;
	}
	if (error != 0) { /* else one is on its way */
		end(p, error);
	}
}

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct tcp_probe *p = CONTAINER_OF(io, struct tcp_probe, io);
	int error = h2_address_error(p->fd);

	UNUSED(revents);
	ev_io_stop(loop, io);
	if (error == 0 || h2_address_was_taken(error)) {
		(void)close(p->fd);
		p->fd = -1;
		end(p, error);
	} else {
		next_address(p, error);
	}
}

static void on_later(struct ev_loop *loop, ev_timer *later, int revents)
{
	struct tcp_probe *p = CONTAINER_OF(later, struct tcp_probe, later);

	UNUSED(loop);
	UNUSED(revents);
	end(p, p->error);
}

static void begin(struct attempts *a)
{
	struct tcp_probe *p = CONTAINER_OF(a, struct tcp_probe, attempts);

	p->address = 0;
	p->refused = false;
	p->error = connect_next(p);
	if (p->error != 0) {
		ev_timer_set(&p->later, 0.0, 0.0);
		ev_timer_start(p->loop, &p->later);
	}
}

static void drop(struct attempts *a)
{
	struct tcp_probe *p = CONTAINER_OF(a, struct tcp_probe, attempts);

	ev_timer_stop(p->loop, &p->later);
	ev_io_stop(p->loop, &p->io);
	if (p->fd >= 0) {
		h2_address_drop(p->fd);
		p->fd = -1;
	}
}

static const struct attempts_events attempts_events = { .begin = begin, .drop = drop };

static void audit(struct probe *probe, double deadline)
{
	attempts_audit(&self_of(probe)->attempts, deadline);
}

static void forget(struct probe *probe)
{
	attempts_forget(&self_of(probe)->attempts);
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
	struct tcp_probe *p = calloc(1, sizeof *p);

	UNUSED(turn);
	UNUSED(shelf);
	if (p == NULL) {
		return NULL;
	}
	p->probe = (struct probe){ &probe_tcp, events, owner };
	p->loop = loop;
	p->desc = desc;
	p->fd = -1;
	p->n_addresses = h2_addresses(p->addresses, &desc->probe.target);
	attempts_init(&p->attempts, loop, &p->probe, &attempts_events);
	ev_init(&p->io, on_io);
	ev_timer_init(&p->later, on_later, 0.0, 0.0);
	return &p->probe;
}

const struct probe_kind probe_tcp = {
	.create = create,
	.audit = audit,
	.forget = forget,
	.destroy = destroy,
	.descriptors = 1,
};
