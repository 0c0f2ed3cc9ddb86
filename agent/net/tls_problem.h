/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_TLS_PROBLEM_H
#define AGENT_NET_TLS_PROBLEM_H

/* tls_problem - why the certificate of a peer was not taken, or ours by it, in a sentence. Pure. */

#include <stdbool.h>
#include <stddef.h>

/* The number for a certificate that is sound and holds another name than the expected one. */
#define TLS_PROBLEM_NAME 62L /* X509_V_ERR_HOSTNAME_MISMATCH */

/* ... and when there was no memory to look at one. */
#define TLS_PROBLEM_MEMORY 17L /* X509_V_ERR_OUT_OF_MEM */

/* Room for every sentence that there is. */
#define TLS_PROBLEM_TEXT_MAX 768

/*
 * Writes one sentence without a final dot and without a line break, cut to fit.
 * `code` is OpenSSL's number (X509_V_ERR_...), `peer` the address that was
 * called, `expected` the name that the certificate must hold; neither is
 * trusted, whatever is not printable ASCII in them is written as '?'.
 */
void tls_problem_sentence(
		char *out, size_t size, long code, const char *peer, const char *expected);

/*
 * The same for a fatal alert that the peer sent; `alert` is its number on the
 * wire. `asked`: the peer had asked for a certificate of ours; `shown`: we
 * have one.
 */
void tls_problem_alert(char *out, size_t size, int alert, const char *peer, bool asked, bool shown);

#endif
