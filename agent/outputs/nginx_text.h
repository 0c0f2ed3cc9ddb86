/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OUTPUTS_NGINX_TEXT_H
#define AGENT_OUTPUTS_NGINX_TEXT_H

/*
 * nginx_text - the instances of a service as an upstream of nginx, for an
 * include in its http section. Pure.
 */

#include "agent/descriptor/descriptor.h"
#include "agent/outputs/view.h"

/*
 * A new text, NULL without memory. Hosts may be names, which nginx looks up when
 * it reads its configuration; those with a sign that means something to nginx
 * are left out. An instance of weight 0 is `down`. nginx takes no upstream
 * without a server, so an empty one has a server that is down.
 */
char *nginx_text(const struct output_settings *settings, const struct output_view *view,
		const char *written_at, struct left_out *left);

#endif
