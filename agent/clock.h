/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CLOCK_H
#define AGENT_CLOCK_H

/*
 * clock - the one time that decisions are made by.
 *
 * Seconds of CLOCK_BOOTTIME: it goes on while the machine is suspended and
 * never jumps with the wall clock. Tests put their own function in its place.
 */

/* Seconds since boot. */
double clock_now(void);

/* Replaces the source of clock_now(); NULL brings the real one back. */
void clock_replace(double (*now)(void));

#endif
