/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_TLS_COMPLAINT_H
#define AGENT_NET_TLS_COMPLAINT_H

/* tls_complaint - what libcurl's words about a failed TLS connection come down to. Pure. */

/* What the other side, or OpenSSL, says when ... */
enum tls_complaint {
	TLS_COMPLAINT_OTHER,
	TLS_COMPLAINT_OURS,   /* it wants a certificate of ours, or another one */
	TLS_COMPLAINT_MEMORY, /* OpenSSL has got none */
	TLS_COMPLAINT_PLAIN   /* it does not speak TLS */
};

enum tls_complaint tls_complaint_of(const char *detail);

/* "OpenSSL/3.0: error:0A000412:SSL routines::what it is, errno 0" becomes what it is. */
void tls_complaint_cut(char *detail);

#endif
