/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_TIMER_H
#define AGENT_TIMER_H

/* timer - one-shot timers that count from now, not from when the loop last looked at the clock. */

#include <ev.h>

/* (Re)starts the timer to fire once, `after` seconds from now; at once when that is not above 0. */
void timer_start(struct ev_loop *loop, ev_timer *timer, double after);

#endif
