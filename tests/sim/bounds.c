/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/bounds.h"

#include <math.h>

#include "tests/sim/store.h"

double bound_detect_hard(const struct script *s)
{
	return s->interval + s->timeout + 4.0 * s->probe_delay;
}

double bound_detect(const struct script *s)
{
	return (s->desc.probe.failure_threshold + 1.0) * s->interval + s->timeout +
	       4.0 * s->probe_delay;
}

double bound_act(const struct script *s)
{
	return s->request_timeout + fmin(5.0, s->ttl / 3.0) + 10.0 * s->net_delay;
}

double bound_up(const struct script *s)
{
	return s->initial_delay + 2.0 * s->timeout +
	       (s->desc.probe.success_threshold + 1.0) * (1.5 * s->interval + s->timeout) +
	       4.0 * s->probe_delay;
}

double bound_listed(const struct script *s)
{
	return bound_up(s) + 2.0 * s->request_timeout + 30.0 + s->ttl * 4.0 / 3.0 + 1.0;
}

double bound_lapse(const struct script *s)
{
	return s->late_max + s->ttl + s->election + STORE_SCAN + 2.0 * s->net_delay;
}

double bound_settled(const struct script *s)
{
	return bound_detect(s) + bound_act(s) + bound_listed(s) + bound_lapse(s) + 2.0 * s->ttl +
	       60.0;
}
