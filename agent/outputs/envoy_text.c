/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outputs/envoy_text.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/endpoint.h"
#include "agent/json_write.h"
#include "agent/util.h"

#define TYPE "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"

/* An instance that is written, and where it stands. */
struct placed {
	const struct instance *instance; /* borrowed */
	char *region;                    /* owned; "" for none */
	bool near;
};

/* ---- which and where ------------------------------------------------------------- */

/* A new text, "" for none; NULL without memory. */
static char *region_of(const struct instance *i)
{
	cJSON *metadata = cJSON_Parse(i->metadata);
	const char *region =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(metadata, "region"));
	char *copy = strdup(region == NULL ? "" : region);

	cJSON_Delete(metadata);
	return copy;
}

/* Nearest first, those of a region side by side, and then by key. */
static int compare(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	int order = strcmp(x->region, y->region);

	if (x->near != y->near) {
		return x->near ? -1 : 1;
	}
	return order != 0 ? order : strcmp(x->instance->key, y->instance->key);
}

static void free_placed(struct placed *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(all[i].region);
	}
	free(all);
}

/* A new array of *n in the order of the text; NULL without memory. */
static struct placed *place_all(const char *region, const struct output_view *view,
		struct left_out *left, size_t *n)
{
	struct placed *all = calloc(view->instances.n + 1, sizeof *all);

	*n = 0;
	for (size_t i = 0; all != NULL && i < view->instances.n; i++) {
		struct instance *instance = view->instances.at[i];
		if (!endpoint_is_address(view_host(instance))) {
			left_out_note(left, instance,
					"its host is a name, and EDS takes addresses");
			continue;
		}
		char *its = region_of(instance);
		if (its == NULL) {
			free_placed(all, *n);
			return NULL;
		}
		all[*n] = (struct placed){ instance, its,
			region[0] == '\0' || strcmp(its, region) == 0 };
		(*n)++;
	}
	if (all != NULL) {
		qsort(all, *n, sizeof *all, compare);
	}
	return all;
}

/* ---- as JSON --------------------------------------------------------------------- */

static cJSON *address_item(const struct instance *i)
{
	cJSON *socket = cJSON_CreateObject(), *address = cJSON_CreateObject();

	if (socket == NULL || address == NULL ||
			!json_add(socket, "address", cJSON_CreateString(view_host(i))) ||
			!json_add(socket, "port_value", cJSON_CreateNumber(i->port))) {
		cJSON_Delete(socket);
		socket = NULL;
	}
	if (!json_add(address, "socket_address", socket)) {
		cJSON_Delete(address);
		return NULL;
	}
	return address;
}

static cJSON *endpoint_item(const struct instance *i)
{
	cJSON *item = cJSON_CreateObject();
	cJSON *endpoint = item == NULL ? NULL : cJSON_AddObjectToObject(item, "endpoint");
	bool ok = endpoint != NULL && json_add(endpoint, "address", address_item(i)) &&
		  json_add(item, "health_status",
				  cJSON_CreateString(i->weight == 0 ? "DRAINING" : "HEALTHY")) &&
		  json_add(item, "load_balancing_weight",
				  cJSON_CreateNumber(i->weight == 0 ? 1 : i->weight));

	if (!ok) {
		cJSON_Delete(item);
		return NULL;
	}
	return item;
}

/* What one locality is, all of it but its endpoints. */
static bool describe(cJSON *item, const struct placed *first, unsigned priority)
{
	cJSON *locality = cJSON_AddObjectToObject(item, "locality");

	return locality != NULL &&
	       (first->region[0] == '\0' ||
			       json_add(locality, "region", cJSON_CreateString(first->region))) &&
	       json_add(item, "priority", cJSON_CreateNumber(priority));
}

/* all[0..n) are of one locality. */
static bool fill_locality(cJSON *item, const struct placed *all, size_t n, unsigned priority)
{
	uint64_t weight = 0;
	bool ok = item != NULL && describe(item, all, priority);

	for (size_t i = 0; i < n; i++) {
		weight += all[i].instance->weight == 0 ? 1 : all[i].instance->weight;
	}
	/* Envoy asks for one where a cluster balances localities by weight. */
	ok = ok &&
	     json_add(item, "load_balancing_weight",
			     cJSON_CreateNumber(weight < UINT32_MAX ? (double)weight : UINT32_MAX));
	cJSON *endpoints = ok ? cJSON_AddArrayToObject(item, "lb_endpoints") : NULL;
	for (size_t i = 0; endpoints != NULL && i < n; i++) {
		if (!json_append(endpoints, endpoint_item(all[i].instance))) {
			return false;
		}
	}
	return endpoints != NULL;
}

static bool fill_assignment(cJSON *item, const char *cluster, const struct placed *all, size_t n)
{
	bool ok = json_add(item, "@type", cJSON_CreateString(TYPE)) &&
		  json_add(item, "cluster_name", cJSON_CreateString(cluster));
	cJSON *localities = ok ? cJSON_AddArrayToObject(item, "endpoints") : NULL;

	for (size_t i = 0, end; localities != NULL && i < n; i = end) {
		for (end = i + 1; end < n && strcmp(all[end].region, all[i].region) == 0; end++) {
		}
		cJSON *locality = cJSON_CreateObject();
		unsigned priority = all[0].near && !all[i].near ? 1 : 0;
		if (!fill_locality(locality, &all[i], end - i, priority)) {
			cJSON_Delete(locality);
			return false;
		}
		if (!json_append(localities, locality)) {
			return false;
		}
	}
	return localities != NULL;
}

static bool fill(cJSON *root, const char *cluster, int64_t revision, const struct placed *all,
		size_t n)
{
	char version[24];

	(void)snprintf(version, sizeof version, "%" PRId64, revision);
	cJSON *resources = json_add(root, "version_info", cJSON_CreateString(version))
					   ? cJSON_AddArrayToObject(root, "resources")
					   : NULL;
	cJSON *assignment = resources == NULL ? NULL : cJSON_CreateObject();

	return resources != NULL && json_append(resources, assignment) &&
	       fill_assignment(assignment, cluster, all, n);
}

char *envoy_text(const struct output_settings *settings, const struct output_view *view,
		const char *written_at, struct left_out *left)
{
	size_t n;
	struct placed *all = place_all(settings->region, view, left, &n);
	cJSON *root = all == NULL ? NULL : cJSON_CreateObject();
	char *text = NULL;

	UNUSED(written_at);
	if (root != NULL && fill(root, settings->cluster, view->revision, all, n)) {
		text = json_line(root);
	} else {
		cJSON_Delete(root);
	}
	if (all != NULL) {
		free_placed(all, n);
	}
	return text;
}
