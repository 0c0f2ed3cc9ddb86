/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

size_t suggest_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	if (n > SUGGEST_MAX || m > SUGGEST_MAX) {
		return SUGGEST_MAX;
	}
	size_t rows[3][SUGGEST_MAX + 1]; /* two rows back, for exchanged neighbours */
	for (size_t j = 0; j <= m; j++) {
		rows[0][j] = j;
	}
	for (size_t i = 1; i <= n; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3], *higher = rows[(i + 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t cost = same(a[i - 1], b[j - 1]) ? 0 : 1;
			row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + cost);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) &&
					same(a[i - 2], b[j - 1])) {
				row[j] = least(row[j], higher[j - 2] + 1);
			}
		}
	}
	return rows[n % 3][m];
}

size_t suggest_rank(const char *word, const char *candidate)
{
	size_t distance = suggest_distance(word, candidate);
	size_t n = strlen(word), m = strlen(candidate);
	if (distance == 0) {
		return strcmp(word, candidate) == 0 ? 0 : 1; /* only the case differs */
	}
	if (distance <= 1 + least(n, m) / 4 && distance < least(n, m)) {
		return distance;
	}
	size_t common = least(n, m);
	bool begins = strncasecmp(word, candidate, common) == 0;
	bool ends = strcasecmp(word + n - common, candidate + m - common) == 0;
	return common >= 3 && (begins || ends) ? distance : 0;
}
