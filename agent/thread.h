/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_THREAD_H
#define AGENT_THREAD_H

/*
 * thread - one beside the loop, for what the kernel or the C library may keep waiting.
 *
 * Nobody waits for its end. Signals are for the loop's thread: this one gets none.
 * Its stack is 256 KiB: getaddrinfo takes some 70 at most, and on some machines no
 * thread has less than 128.
 */

#include <stdbool.h>

/* False when there is no thread to be had, or no memory for one: `run` is not called then. */
bool thread_start(void *(*run)(void *), void *user);

#endif
