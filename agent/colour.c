/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/colour.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool colour_is_wanted(FILE *out)
{
	const char *refused = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(out)) == 1 && (refused == NULL || refused[0] == '\0') &&
	       term != NULL && strcmp(term, "dumb") != 0;
}
