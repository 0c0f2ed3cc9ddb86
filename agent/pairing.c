/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pairing - three passes, from the surest sign to the weakest: all that the
 * descriptor says, its key, its file. Each looks at what the ones before have
 * left over. The signs of the running ones are sorted, so that ten thousand
 * descriptors take no longer than they must.
 */
#include "agent/pairing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/entries.h"
#include "agent/util.h"

/* A text that tells descriptors apart, owned and wiped after use; NULL when there is none. */
typedef char *sign_of(const struct descriptor *d);

struct sign {
	char *text; /* owned */
	size_t index;
};

/* All that it says, as the file that would give it. A password may stand in it. */
static char *content_of(const struct descriptor *d)
{
	struct descriptor bare = *d;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL) {
		return NULL;
	}
	bare.admin.listen = (struct target){ 0 };
	bare.log.level = LOG_INFO;
	bare.log.format = LOG_TEXT;
	bare.shutdown.linger_ms = 0;
	descriptor_print(&bare, SECRETS_SHOWN, out);
	bool whole = ferror(out) == 0;
	whole = fclose(out) == 0 && whole;
	if (!whole && text != NULL) {
		explicit_bzero(text, len); /* two that were cut short may be alike */
		free(text);
	}
	return whole ? text : NULL;
}

static char *key_of(const struct descriptor *d)
{
	struct entries entries;
	char *key = NULL;

	if (!d->discover.on && entries_init(&entries, d) == 0) {
		key = strdup(entries.at[0].key);
		entries_finish(&entries);
	}
	return key;
}

static char *file_of(const struct descriptor *d)
{
	return strdup(d->file);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct sign *)a)->text, ((const struct sign *)b)->text);
}

static void free_signs(struct sign *signs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		explicit_bzero(signs[i].text, strlen(signs[i].text));
		free(signs[i].text);
	}
	free(signs);
}

/* Reads and registers do not take each other's place. */
static bool fits(const struct descriptor *a, const struct descriptor *b)
{
	return a->discover.on == b->discover.on;
}

/* One pass: by which sign, and what is known of the running ones. */
struct search {
	sign_of *sign;
	const struct descriptor *const *running;
	struct sign *signs; /* of those that were left, sorted */
	size_t n_signs;
	bool *taken; /* of each running one */
};

/* Those of the running ones that are left. 0, or -1 without memory. */
static int list_signs(struct search *s, size_t n_running)
{
	s->n_signs = 0;
	s->signs = calloc(n_running + 1, sizeof *s->signs);
	if (s->signs == NULL) {
		return -1;
	}
	for (size_t i = 0; i < n_running; i++) {
		char *text = s->taken[i] ? NULL : s->sign(s->running[i]);
		if (text != NULL) {
			s->signs[s->n_signs++] = (struct sign){ text, i };
		}
	}
	qsort(s->signs, s->n_signs, sizeof *s->signs, by_text);
	return 0;
}

static void look_up(const struct search *s, struct pair *pair, const struct descriptor *fresh)
{
	struct sign wanted = { s->sign(fresh), 0 };

	if (wanted.text == NULL) {
		return;
	}
	const struct sign *found =
			bsearch(&wanted, s->signs, s->n_signs, sizeof *s->signs, by_text);
	if (found != NULL && !s->taken[found->index] && fits(fresh, s->running[found->index])) {
		*pair = (struct pair){ found->index, s->sign == content_of };
		s->taken[found->index] = true;
	}
	explicit_bzero(wanted.text, strlen(wanted.text));
	free(wanted.text);
}

int pairing_find(struct pair *pairs, const struct descriptor *const *fresh, size_t n,
		const struct descriptor *const *running, size_t n_running)
{
	static sign_of *const signs[] = { content_of, key_of, file_of };
	struct search s = {
		.running = running,
		.taken = calloc(n_running + 1, sizeof *s.taken),
	};
	int result = s.taken == NULL ? -1 : 0;

	for (size_t i = 0; i < n; i++) {
		pairs[i] = (struct pair){ PAIRING_NONE, false };
	}
	/* At the start there is nothing to compare with. */
	for (size_t k = 0; n_running > 0 && result == 0 && k < ARRAY_LEN(signs); k++) {
		s.sign = signs[k];
		result = list_signs(&s, n_running);
		for (size_t i = 0; result == 0 && i < n; i++) {
			if (pairs[i].old == PAIRING_NONE) {
				look_up(&s, &pairs[i], fresh[i]);
			}
		}
		free_signs(s.signs, s.n_signs);
	}
	free(s.taken);
	return result;
}
