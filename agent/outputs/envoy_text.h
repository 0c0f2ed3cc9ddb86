/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTPUTS_ENVOY_TEXT_H
#define AGENT_OUTPUTS_ENVOY_TEXT_H

/*
 * envoy_text - the instances of a service as endpoints of a cluster of Envoy:
 * a DiscoveryResponse with one ClusterLoadAssignment, as JSON, for a cluster of
 * type EDS whose eds_config is a path. Pure.
 */

#include "agent/descriptor/descriptor.h"
#include "agent/outputs/view.h"

/*
 * A new text, NULL without memory; version_info is the view's revision. EDS
 * takes addresses only, so hosts that are names are left out. Weights begin at
 * 1 there: an instance of weight 0 is DRAINING.
 *
 * Each metadata.region is a locality. With settings->region, those of other
 * regions have priority 1, which Envoy turns to when too little of priority 0
 * is well; when there is nothing of priority 0, they have that.
 */
char *envoy_text(const struct output_settings *settings, const struct output_view *view,
		const char *written_at, struct left_out *left);

#endif
