/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_INTERFACE_H
#define AGENT_INTERFACE_H

/* interface - the address by which others reach a network interface of this machine. */

#include <stddef.h>

#include "agent/err.h"

/*
 * Writes the first IPv4 address of the interface that is not link-local, else
 * the first such IPv6 address. `size` is at least INET6_ADDRSTRLEN. Fails with
 * ERR_UNKNOWN (the text names the interfaces there are), ERR_MISSING (it has
 * no such address) or ERR_SYSTEM.
 */
int interface_address(const char *name, char *out, size_t size, struct err *err);

#endif
