/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_ADMIN_HOST_H
#define TESTS_UNIT_ADMIN_HOST_H

/* admin_host - an agent that is played for its admin: two services at their goal, and a reader. */

#include <stdbool.h>
#include <stdint.h>

#include "agent/admin/admin_routes.h"
#include "agent/admin/status.h"

struct played_host {
	struct admin_host host;
	uint64_t reasons[N_REASONS];
	struct counts counts;
	struct status_service services[2];
	size_t copies; /* of each of them */
	struct status_reader reader;
	struct status_output output;
	size_t n_readers; /* 0 unless a test sets it */
	bool leaving, no_memory;

	unsigned looks;
	char told[200]; /* "drain a b;resume;" */
};

void played_host_init(struct played_host *played);

#endif
