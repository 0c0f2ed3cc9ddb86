/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_WATCHED_FREE_H
#define TESTS_UNIT_WATCHED_FREE_H

/*
 * watched_free - is a secret still in a block of memory that is given back?
 * Linked with --wrap for free and realloc, it sees those of the agent's own code.
 */

/*
 * What no block may hold when it is freed or grown; NULL: nobody looks. Not
 * short: the end of a block that nobody has asked for may hold old bytes.
 */
extern const char *watched;

/* How many blocks were looked at, and how many of them held it. */
extern unsigned frees, left_behind;

#endif
