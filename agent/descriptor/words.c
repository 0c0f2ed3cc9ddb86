/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/words.h"

#include <stdlib.h>
#include <string.h>

int words_add(struct words *words, const char *word)
{
	char *copy = strdup(word);
	char **grown = realloc(words->at, (words->n + 2) * sizeof(char *));
	if (grown != NULL) {
		words->at = grown;
		words->at[words->n] = NULL;
	}
	if (copy == NULL || grown == NULL) {
		free(copy);
		return -1;
	}
	words->at[words->n++] = copy;
	words->at[words->n] = NULL;
	return 0;
}

void words_finish(struct words *words)
{
	for (size_t i = 0; i < words->n; i++) {
		free(words->at[i]);
	}
	free(words->at);
	*words = (struct words){ 0 };
}
