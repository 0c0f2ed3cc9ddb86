/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/wiped.h"

#include <stdlib.h>
#include <string.h>

/* Not realloc: what it leaves behind would keep its bytes. */
static bool grow(struct wiped *w, size_t needed)
{
	struct wiped grown = { .len = w->len, .size = 2 * w->size > needed ? 2 * w->size : needed };

	grown.at = malloc(grown.size);
	if (grown.at == NULL) {
		return false;
	}
	if (w->len > 0) {
		memcpy(grown.at, w->at, w->len);
	}
	wiped_free(w);
	*w = grown;
	return true;
}

bool wiped_add(struct wiped *w, const uint8_t *data, size_t len, size_t limit)
{
	if (len == 0) {
		return true;
	}
	if (len > limit - w->len || (w->len + len > w->size && !grow(w, w->len + len))) {
		return false;
	}
	memcpy(w->at + w->len, data, len);
	w->len += len;
	return true;
}

struct wiped wiped_take(struct wiped *w)
{
	struct wiped taken = *w;

	*w = (struct wiped){ 0 };
	return taken;
}

void wiped_free(struct wiped *w)
{
	if (w->at != NULL) {
		explicit_bzero(w->at, w->size);
		free(w->at);
	}
	*w = (struct wiped){ 0 };
}
