/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pace.h"

#define AT_ONCE 20.0

/* Each second takes one of what was said away. */
static void settle(struct pace *p, double now)
{
	double gone = now - p->at;

	p->said = p->said > gone ? p->said - gone : 0.0;
	p->at = now;
}

double pace_wait(struct pace *p, double now)
{
	settle(p, now);
	return p->said + 1.0 > AT_ONCE ? p->said + 1.0 - AT_ONCE : 0.0;
}

void pace_spend(struct pace *p, double now)
{
	settle(p, now);
	p->said += 1.0;
}
