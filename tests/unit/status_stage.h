/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STATUS_STAGE_H
#define TESTS_STATUS_STAGE_H

/* status_stage - what an agent may say of itself, for the tests of what is made of it. */

#include "agent/admin/status.h"

/* A service that is up and listed, for 9.2 of 10 seconds still. */
struct status_service stage_service(const char *name);

/* A reader of three instances, current, with two outputs; to be finished with the status. */
struct status_reader stage_reader(const char *name);

/* Version 1.2.3, up for an hour. Takes copies; status_finish frees what it holds. */
struct status stage_status(const struct status_service *services, size_t n_services,
		const struct status_reader *readers, size_t n_readers);

#endif
