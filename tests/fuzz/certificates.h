/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_FUZZ_CERTIFICATES_H
#define TESTS_FUZZ_CERTIFICATES_H

/* certificates - a server's, as an input has them, all with the key of tls_servers. */

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "tests/fuzz/fuzz.h"

#define CERTIFICATES 4 /* that a server shows */

struct certificates {
	X509 *at[CERTIFICATES]; /* owned; the first is the server's own */
	size_t n;
	bool ours;       /* our authority has signed them */
	bool written;    /* `names` is known */
	char names[200]; /* of the first, as a person reads them who has the list in hand */
	time_t until;    /* when it ends, if it is the only one; 0: who knows */
};

/* From its parts: a byte each, and what it takes. */
void certificates_write(struct certificates *c, bool ours, struct fuzz_bytes *in);

/* One, from DER; none, when it is none. */
void certificates_take(struct certificates *c, bool ours, const struct fuzz_bytes *in);

void certificates_finish(struct certificates *c);

#endif
