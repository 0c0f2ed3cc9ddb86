/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/timer.h"

void timer_start(struct ev_loop *loop, ev_timer *timer, double after)
{
	ev_timer_stop(loop, timer);
	ev_now_update(loop);
	ev_timer_set(timer, after > 0.0 ? after : 0.0, 0.0);
	ev_timer_start(loop, timer);
}
