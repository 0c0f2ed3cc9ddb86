/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_ADMIN_CONTROL_H
#define AGENT_ADMIN_CONTROL_H

/*
 * control - `status`, `drain` and `resume`: asks a running agent, over the
 * address that its admin.listen names.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "agent/endpoint.h"
#include "agent/err.h"
#include "agent/exit_code.h"
#include "agent/listing_text.h"

/* Where an agent is looked for when nothing says where. */
#define CONTROL_DEFAULT "unix:/run/svc-agent/admin.sock"

enum control_verb { CONTROL_STATUS, CONTROL_DRAIN, CONTROL_RESUME };

/* All of it is borrowed. */
struct control {
	enum control_verb verb;
	const struct target *at;     /* as the agent listens; a wildcard is spoken to at home */
	const char *const *services; /* all when n_services is 0 */
	size_t n_services;
	bool wait;                /* drain: until it is done */
	enum listing_style style; /* status */
	FILE *out;                /* with colour where that is a terminal that wants it */
};

/*
 * EXIT_NO: not all is at its goal, or a service is not there. EXIT_AWAY: no agent
 * has answered, or it ended before all was drained. *err says what is not said on
 * `out`; its text is "" else.
 */
enum exit_code control_run(const struct control *control, struct err *err);

#endif
