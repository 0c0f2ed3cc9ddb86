/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outputs/view.h"

#include <stdio.h>
#include <string.h>

void left_out_note(struct left_out *left, const struct instance *instance, const char *why)
{
	if (left->n++ == 0) {
		(void)snprintf(left->first, sizeof left->first, "%s", instance->key);
		left->why = why;
	}
}

const char *view_host(const struct instance *instance)
{
	return strcmp(instance->host, "localhost") == 0 ? "127.0.0.1" : instance->host;
}
