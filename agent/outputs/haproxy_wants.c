/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outputs/haproxy_wants.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/util.h"

/* An address as HAProxy writes it back; false for a name. */
static bool canonical(const char *host, char out[HAPROXY_ADDRESS_MAX])
{
	unsigned char bytes[sizeof(struct in6_addr)];

	for (unsigned i = 0; i < 2; i++) {
		int family = i == 0 ? AF_INET : AF_INET6;
		if (inet_pton(family, host, bytes) == 1) {
			return inet_ntop(family, bytes, out, HAPROXY_ADDRESS_MAX) != NULL;
		}
	}
	return false;
}

static uint32_t heaviest(const struct output_view *view)
{
	uint32_t most = 0;

	for (size_t i = 0; i < view->instances.n; i++) {
		uint32_t weight = view->instances.at[i]->weight;
		most = weight > most ? weight : most;
	}
	return most;
}

static uint32_t scaled(uint32_t weight, uint32_t most)
{
	if (most <= HAPROXY_WEIGHT_MAX || weight == 0) {
		return weight;
	}
	uint64_t part = ((uint64_t)weight * HAPROXY_WEIGHT_MAX + most / 2) / most;
	return part == 0 ? 1 : (uint32_t)part;
}

static int compare(const void *a, const void *b)
{
	const struct haproxy_wanted *x = a, *y = b;

	int order = strcmp(x->name, y->name);

	return order != 0 ? order : x->weight > y->weight ? -1 : x->weight < y->weight;
}

/* Two keys may lead to one address: it is one server there, with the greater weight. */
static void drop_twins(struct haproxy_wants *wants)
{
	size_t n = 0;

	for (size_t i = 0; i < wants->n; i++) {
		if (n == 0 || strcmp(wants->at[n - 1].name, wants->at[i].name) != 0) {
			wants->at[n++] = wants->at[i];
		}
	}
	wants->n = n;
}

int haproxy_wants_make(
		struct haproxy_wants *wants, const struct output_view *view, struct left_out *left)
{
	uint32_t most = heaviest(view);

	wants->n = 0;
	wants->at = calloc(view->instances.n + 1, sizeof *wants->at);
	if (wants->at == NULL) {
		return -1;
	}
	for (size_t i = 0; i < view->instances.n; i++) {
		const struct instance *instance = view->instances.at[i];
		struct haproxy_wanted *w = &wants->at[wants->n];
		if (!canonical(view_host(instance), w->address)) {
			left_out_note(left, instance,
					"its host is a name, which HAProxy does not look up");
			continue;
		}
		w->port = instance->port;
		w->weight = scaled(instance->weight, most);
		(void)snprintf(w->name, sizeof w->name, "%s:%u", w->address, (unsigned)w->port);
		wants->n++;
	}
	qsort(wants->at, wants->n, sizeof *wants->at, compare);
	drop_twins(wants);
	return 0;
}

void haproxy_wants_finish(struct haproxy_wants *wants)
{
	free(wants->at);
	memset(wants, 0, sizeof *wants);
}

static void print(FILE *out, const struct haproxy_wants *wants)
{
	for (size_t i = 0; i < wants->n; i++) {
		(void)fprintf(out, "%s weight %" PRIu32 "\n", wants->at[i].name,
				wants->at[i].weight);
	}
}

char *haproxy_wants_text(const struct output_settings *settings, const struct output_view *view,
		const char *written_at, struct left_out *left)
{
	struct haproxy_wants wants;
	char *text = NULL;
	size_t size = 0;

	UNUSED(settings);
	UNUSED(written_at);
	if (haproxy_wants_make(&wants, view, left) < 0) {
		return NULL;
	}
	FILE *out = open_memstream(&text, &size);
	if (out != NULL) {
		print(out, &wants);
		bool bad = ferror(out) != 0;
		if (fclose(out) != 0 || bad) {
			free(text);
			text = NULL;
		}
	}
	haproxy_wants_finish(&wants);
	return text;
}
