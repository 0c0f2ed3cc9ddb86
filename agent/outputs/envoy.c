/* SPDX-License-Identifier: Apache-2.0 */
/* envoy - endpoints in a file that Envoy watches; it notices files that are renamed to it. */
#include "agent/outputs/envoy_text.h"
#include "agent/outputs/file_output.h"

const struct output_kind output_envoy = {
	.name = "envoy",
	.place = file_output_place,
	.render = envoy_text,
	.create = file_output_create,
	.has_turn = file_output_has_turn,
	.apply = file_output_apply,
	.destroy = file_output_destroy,
};
