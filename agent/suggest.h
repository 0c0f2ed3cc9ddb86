/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_SUGGEST_H
#define AGENT_SUGGEST_H

/* suggest - the word that was probably meant by a mistyped one. */

#include <stddef.h>

/* Longer words are not compared. */
#define SUGGEST_MAX 64

/*
 * Letters inserted, left out, exchanged for others or with their neighbour;
 * case does not count. At least SUGGEST_MAX when a word is longer than that.
 */
size_t suggest_distance(const char *a, const char *b);

/*
 * How far off `word` is from `candidate` when it may be a slip of it, its
 * beginning or its end; 0 when it looks like another word altogether (or is the same).
 */
size_t suggest_rank(const char *word, const char *candidate);

#endif
