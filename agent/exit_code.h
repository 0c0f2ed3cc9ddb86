/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_EXIT_CODE_H
#define AGENT_EXIT_CODE_H

/* exit_code - what the program's end tells its caller; those above 2 are sysexits.h's. */

#include <stddef.h>

enum exit_code {
	EXIT_DONE = 0,      /* done, or cleanly withdrawn */
	EXIT_NO = 1,        /* the answer is no: unhealthy, nothing listed */
	EXIT_USAGE = 2,     /* the command line is wrong */
	EXIT_INTERNAL = 70, /* EX_SOFTWARE: out of memory, or a library that cannot do it */
	EXIT_LEFT = 75,     /* EX_TEMPFAIL: stopped, but a lease was left to expire */
	EXIT_AWAY = 75,     /* ... or nobody gave an answer to a command */
	EXIT_CONFIG = 78    /* EX_CONFIG: bad descriptor */
};

struct exit_code_row {
	enum exit_code code;
	const char *help; /* one line, for --help */
};

/* Each status once, in rising order. */
const struct exit_code_row *exit_code_rows(size_t *n);

#endif
