/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/exit_code.h"

#include "agent/util.h"

/* clang-format off */
static const struct exit_code_row rows[] = {
	{ EXIT_DONE,     "done, or cleanly withdrawn" },
	{ EXIT_NO,       "the answer is no: unhealthy, nothing listed, not at its goal, a problem found" },
	{ EXIT_USAGE,    "the command line is wrong" },
	{ EXIT_INTERNAL, "the agent itself failed" },
	{ EXIT_LEFT,     "stopped, but a lease was left to expire; or no answer came" },
	{ EXIT_CONFIG,   "a descriptor is wrong, and nothing was started" },
};
/* clang-format on */

const struct exit_code_row *exit_code_rows(size_t *n)
{
	*n = ARRAY_LEN(rows);
	return rows;
}
