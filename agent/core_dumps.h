/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_CORE_DUMPS_H
#define AGENT_CORE_DUMPS_H

/*
 * core_dumps - whether the memory of the process may become a file when it
 * crashes, and be read by other processes of its user: not while a secret is,
 * or may be, in it.
 *
 * Programs that it runs are not concerned: execve(2) begins anew.
 */

#include <stdbool.h>

/* Forbidden until it is allowed; allowed, the limits of the machine decide. */
void core_dumps_allow(bool allowed);

#endif
