/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/metrics_page.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent/utf8.h"

void metrics_page_head(FILE *out, const char *name, const char *type, const char *help)
{
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A value may be a path, and so any bytes; a page with one that is no UTF-8 is refused as a whole.
 */
static void write_escaped(FILE *out, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		uint32_t code;
		size_t n = utf8_decode(text, left, &code);
		if (n == 0) {
			(void)fputc('?', out);
			n = 1;
		} else if (code == '\n') {
			(void)fputs("\\n", out);
		} else {
			if (code == '\\' || code == '"') {
				(void)fputc('\\', out);
			}
			(void)fwrite(text, 1, n, out);
		}
		text += n;
		left -= n;
	}
}

static void write_labels(FILE *out, const struct metric_label *labels)
{
	char before = '{';

	for (; labels != NULL && labels->name != NULL; labels++) {
		(void)fprintf(out, "%c%s=\"", before, labels->name);
		write_escaped(out, labels->value);
		(void)fputc('"', out);
		before = ',';
	}
	if (before == ',') {
		(void)fputc('}', out);
	}
}

/* 15 digits: whole numbers stay whole, and 0.3 does not become 0.30000000000000004. */
void metrics_page_line(FILE *out, const char *name, const struct metric_label *labels, double value)
{
	(void)fputs(name, out);
	write_labels(out, labels);
	(void)fprintf(out, " %.15g\n", value);
}

void metrics_page_histogram(FILE *out, const char *name, const struct histogram *h)
{
	uint64_t so_far = 0;

	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		so_far += h->n[i];
		(void)fprintf(out, "%s_bucket{le=\"%g\"} %.15g\n", name, histogram_bounds[i],
				(double)so_far);
	}
	so_far += h->n[HISTOGRAM_BOUNDS];
	(void)fprintf(out, "%s_bucket{le=\"+Inf\"} %.15g\n", name, (double)so_far);
	(void)fprintf(out, "%s_sum %.15g\n%s_count %.15g\n", name, h->sum, name, (double)so_far);
}
