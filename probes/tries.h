/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBES_TRIES_H
#define PROBES_TRIES_H

/*
 * tries - how often one audit connects anew before it believes what it met.
 *
 * A connection that broke is tried again for as long as the audit lasts. That
 * nothing listens, or that the server ended over our certificate, is believed
 * when it comes twice in a row: a restart looks like either for a moment. Pure.
 */

#include "probes/reason.h"

/* What tries_note gives when there is to be no further try. */
#define TRIES_ENOUGH (-1.0)

/* Members are for tries.c, but for `last` and `how`, which everyone may read. */
struct tries {
	enum reason last;  /* how the last connection ended; N_REASONS: none has */
	const char *how;   /* a sentence, borrowed */
	unsigned in_row;   /* ends like the last */
	unsigned n_broken; /* ends but for refusals */
};

void tries_begin(struct tries *t);

/*
 * A connection ended with REASON_REFUSED, REASON_RESET or REASON_TLS_ERROR. How
 * long to wait before the next, seconds, or TRIES_ENOUGH. `how` must live as
 * long as it may be asked for.
 */
double tries_note(struct tries *t, enum reason reason, const char *how);

#endif
