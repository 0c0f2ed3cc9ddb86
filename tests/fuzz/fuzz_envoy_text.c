/* SPDX-License-Identifier: Apache-2.0 */
/* The resource is JSON, says every instance that has an address once, and begins at priority 0. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "agent/endpoint.h"
#include "agent/outputs/envoy_text.h"
#include "tests/fuzz/view.h"

static const cJSON *member(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	HOLDS(item != NULL);
	return item;
}

static void check_endpoint(const cJSON *item, double *weight)
{
	const cJSON *place = member(member(member(item, "endpoint"), "address"), "socket_address");
	double its = member(item, "load_balancing_weight")->valuedouble;

	HOLDS(endpoint_is_address(cJSON_GetStringValue(member(place, "address"))));
	HOLDS(member(place, "port_value")->valuedouble >= 1);
	HOLDS(its >= 1 && cJSON_IsString(member(item, "health_status")));
	*weight += its;
}

/* How many endpoints there are. */
static size_t check_locality(const cJSON *item, const char *region, bool first)
{
	const cJSON *endpoint,
			*its = cJSON_GetObjectItemCaseSensitive(member(item, "locality"), "region");
	double priority = member(item, "priority")->valuedouble, weight = 0;
	size_t n = 0;

	HOLDS(priority == 0 || (priority == 1 && !first && region[0] != '\0'));
	HOLDS(its == NULL || cJSON_GetStringValue(its)[0] != '\0');
	HOLDS(priority == 0 || its == NULL || strcmp(cJSON_GetStringValue(its), region) != 0);
	cJSON_ArrayForEach(endpoint, member(item, "lb_endpoints"))
	{
		check_endpoint(endpoint, &weight);
		n++;
	}
	HOLDS(n > 0 && member(item, "load_balancing_weight")->valuedouble == weight);
	return n;
}

static void check(const char *text, const struct output_settings *settings,
		const struct output_view *view, const struct left_out *left)
{
	cJSON *root = cJSON_Parse(text);
	const cJSON *assignment = member(root, "resources")->child, *locality;
	size_t n = 0;
	bool first = true;

	HOLDS(strcmp(cJSON_GetStringValue(member(assignment, "cluster_name")), settings->cluster) ==
			0);
	cJSON_ArrayForEach(locality, member(assignment, "endpoints"))
	{
		n += check_locality(locality, settings->region, first);
		first = false;
	}
	HOLDS(n + left->n == view->instances.n);
	cJSON_Delete(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	bool has_region = fuzz_u8(&b) % 2 == 1;
	char *cluster = fuzz_take_name(&b, ":"), *region = fuzz_take_name(&b, ":");
	struct output_settings settings = { .type = OUTPUT_ENVOY, .cluster = cluster };
	struct left_out left = { 0 };
	struct fuzz_view v;

	if (!has_region) {
		region[0] = '\0';
	}
	settings.region = region;
	fuzz_view_make(&v, &b, HOSTS_ANY);
	char *text = envoy_text(&settings, &v.view, "", &left);
	HOLDS(text != NULL && fuzz_is_json(text, strlen(text)));
	HOLDS(fuzz_is_harmless(text) && fuzz_count_lines(text) == 1);
	check(text, &settings, &v.view, &left);
	free(text);
	fuzz_view_finish(&v);
	free(cluster);
	free(region);
	return 0;
}
