/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_H2_EVENT_H
#define AGENT_NET_H2_EVENT_H

/* h2_event - what becomes of an HTTP/2 connection. Pure. */

enum h2_event {
	H2_GOAWAY,      /* the server wants no new streams here; still open, the owner closes */
	H2_CLOSED,      /* the server closed it */
	H2_RESET,       /* it was reset, or timed out in the kernel */
	H2_REFUSED,     /* nothing listens */
	H2_UNREACHABLE, /* no route, no permission */
	H2_NOT_HTTP2,   /* what came is not HTTP/2 */
	H2_TLS_FAILED,  /* TLS was not agreed on: no TLS there, or a certificate was refused */
	H2_TLS_DROPPED, /* it asked for a certificate of ours and ended: a refusal, or a restart */
	H2_TLS_FILES,   /* our own certificates cannot be read: nobody was called */
	H2_NO_RESOURCES /* we are out of descriptors, ports or memory */
};

/* What an errno of its socket makes of it. */
enum h2_event h2_event_of(int error);

#endif
