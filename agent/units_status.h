/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_UNITS_STATUS_H
#define AGENT_UNITS_STATUS_H

/* units_status - what a status says of the units and of the clusters that they use. */

#include "agent/admin/status.h"
#include "agent/units.h"

/*
 * Fills services, readers, clusters and `drained` of *s, which is zeroed. 0, or
 * -1 without memory; it is to be finished either way.
 */
int units_status(const struct units *units, struct status *s);

#endif
