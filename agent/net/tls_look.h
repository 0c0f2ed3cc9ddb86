/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_TLS_LOOK_H
#define AGENT_NET_TLS_LOOK_H

/*
 * tls_look - one TLS handshake with a server, to see its certificate, whether
 * it is taken or not. For commands: it waits, within a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <time.h>

#include "agent/net/tls_settings.h"

/* How long a certificate is valid; 0 and 0: not known. */
struct tls_validity {
	time_t from, until;
};

struct tls_look {
	bool connected;
	bool silent;  /* ... and that was all within the time: it may speak TLS or not */
	bool spoke;   /* it speaks TLS; all of the rest holds only then */
	bool greeted; /* ... and there is a certificate */
	bool asked;   /* it has asked for a certificate of ours */
	long verdict; /* OpenSSL's on its certificate; 0: it is taken; see tls_problem.h */
	struct tls_validity validity; /* of the first certificate of its chain to end */
	char names[200];              /* that the certificate holds, as far as they fit */
	char issuer[160];
	char why[200]; /* without `greeted`: one sentence's end */
};

/*
 * `settings` NULL: whether there is TLS at all. `name` is the one that the
 * certificate must hold, when settings has no server_name. `timeout` in
 * seconds. False when our own files cannot be used: nobody was called.
 */
bool tls_look(struct tls_look *look, const struct sockaddr *address, socklen_t len,
		const struct tls_settings *settings, const char *name, double timeout);

/* That of cert_file. False when there is none, or it cannot be used. */
bool tls_look_own(const struct tls_settings *settings, struct tls_validity *validity);

#endif
