/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_PROBE_ONCE_H
#define AGENT_PROBE_ONCE_H

/* probe_once - `svc-agent probe`: one audit of each service, with the probe that the agent runs. */

#include <stdio.h>

#include "agent/descriptor/descriptor_set.h"
#include "agent/err.h"
#include "agent/exit_code.h"

/*
 * Probes each service once, now, and prints a line for each: name, reason,
 * time, sentence. Readers are passed over. EXIT_DONE when all are well, EXIT_NO
 * when one is not; on EXIT_USAGE (there are only readers) and EXIT_INTERNAL
 * *err says why.
 */
enum exit_code probe_once(const struct descriptor_set *set, FILE *out, struct err *err);

#endif
