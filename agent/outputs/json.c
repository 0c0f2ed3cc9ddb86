/* SPDX-License-Identifier: Apache-2.0 */
/* json - the document in a file. */
#include "agent/outputs/document.h"
#include "agent/outputs/file_output.h"
#include "agent/util.h"

static char *render(const struct output_settings *settings, const struct output_view *view,
		const char *written_at, struct left_out *left)
{
	UNUSED(settings);
	UNUSED(left);
	return document_text(view, written_at);
}

const struct output_kind output_json = {
	.name = "json",
	.dated = true,
	.place = file_output_place,
	.render = render,
	.create = file_output_create,
	.has_turn = file_output_has_turn,
	.apply = file_output_apply,
	.destroy = file_output_destroy,
};
