/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/admin/metrics_page.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent/utf8.h"

void metrics_page_head(FILE *out, const char *name, const char *type, const char *help)
{
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* How much of the text is ASCII that means nothing to the format: nearly all there is. */
static size_t plain_length(const char *text)
{
	size_t n = 0;

	while ((unsigned char)text[n] < 0x80 && text[n] != '\0' && text[n] != '\n' &&
			text[n] != '"' && text[n] != '\\') {
		n++;
	}
	return n;
}

/* One character that is not plain; what is no UTF-8 would have the whole page refused. */
static size_t write_other(FILE *out, const char *text)
{
	uint32_t code;
	size_t n = utf8_decode(text, strlen(text), &code);

	if (n == 0) {
		(void)fputc('?', out);
		return 1;
	}
	if (code == '\n') {
		(void)fputs("\\n", out);
		return n;
	}
	if (code == '\\' || code == '"') {
		(void)fputc('\\', out);
	}
	(void)fwrite(text, 1, n, out);
	return n;
}

static void write_escaped(FILE *out, const char *text)
{
	for (;;) {
		size_t n = plain_length(text);
		(void)fwrite(text, 1, n, out);
		text += n;
		if (*text == '\0') {
			return;
		}
		text += write_other(out, text);
	}
}

static void write_labels(FILE *out, const struct metric_label *labels)
{
	char before = '{';

	for (; labels != NULL && labels->name != NULL; labels++) {
		(void)fputc(before, out);
		(void)fputs(labels->name, out);
		(void)fputs("=\"", out);
		write_escaped(out, labels->value);
		(void)fputc('"', out);
		before = ',';
	}
	if (before == ',') {
		(void)fputc('}', out);
	}
}

/* The number that a whole one of up to 15 digits is, from the end of `digits`. */
static const char *whole_number(char *digits, size_t size, uint64_t value)
{
	char *at = digits + size;

	*--at = '\0';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	return at;
}

/*
 * 15 digits: whole numbers stay whole, and 0.3 does not become 0.30000000000000004. Nearly
 * all are whole, and printf() takes ten times as long for those.
 */
static void write_value(FILE *out, double value)
{
	if (value >= 0.0 && value < 1e15 && value == (double)(uint64_t)value) {
		char digits[16];
		(void)fputs(whole_number(digits, sizeof digits, (uint64_t)value), out);
	} else {
		(void)fprintf(out, "%.15g", value);
	}
}

void metrics_page_line(FILE *out, const char *name, const struct metric_label *labels, double value)
{
	(void)fputs(name, out);
	write_labels(out, labels);
	(void)fputc(' ', out);
	write_value(out, value);
	(void)fputc('\n', out);
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
