/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_COLOUR_H
#define AGENT_COLOUR_H

/* colour - whether what is printed may be coloured. Pure. */

#include <stdbool.h>
#include <stdio.h>

/* Only for a terminal that knows colours, and not against the wish of $NO_COLOR. */
bool colour_is_wanted(FILE *out);

#endif
