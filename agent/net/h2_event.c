/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/h2_event.h"

#include <errno.h>

enum h2_event h2_event_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ENOENT: /* no such socket file: nobody has bound it */
		return H2_REFUSED;
	case EADDRINUSE: /* no port of ours */
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
		return H2_NO_RESOURCES;
	case ECONNRESET:
	case EPIPE:
	case ETIMEDOUT:
		return H2_RESET;
	}
	return H2_UNREACHABLE;
}
