/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/schema_uses.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/descriptor/descriptor.h"
#include "agent/util.h"

#define N_OUTPUT_TYPES (OUTPUT_EXEC + 1)

/* The keys that not every type has; - unused, + possible, ! needed. */

/* clang-format off */
static const struct {
	const char *key;
	char uses[N_OUTPUT_TYPES + 1];
} outputs[] = {
	/* in the order of the enum: json, envoy, haproxy, nginx, exec */
	{ "path",     "!!-!-" },
	{ "socket",   "--!--" },
	{ "backend",  "--+--" },
	{ "cluster",  "-+---" },
	{ "upstream", "---+-" },
	{ "region",   "-+---" },
	{ "reload",   "---+-" },
	{ "command",  "----!" },
	{ "timeout",  "--+++" },
	{ "type",     "!!!!!" },
};

static const struct {
	const char *key;
	char uses[N_PROBE_TYPES + 1];
} probes[] = {
	/* in the order of the enum: grpc, tcp, http, exec */
	{ "target",        "+++-" },
	{ "service",       "+---" },
	{ "mode",          "+---" },
	{ "unimplemented", "+---" },
	{ "metadata",      "+-+-" },
	{ "tls",           "+-+-" },
	{ "path",          "--+-" },
	{ "status",        "--+-" },
	{ "command",       "---!" },
};
/* clang-format on */

static const char probe_section[] = "probe.";

const struct schema_row *schema_outputs(void)
{
	return schema_find("discover.services[].outputs");
}

const struct schema_row *schema_output_type(void)
{
	return schema_find("discover.services[].outputs[].type");
}

const struct schema_row *schema_probe_type(void)
{
	return schema_find("probe.type");
}

static bool is_of_probe(const struct schema_row *row)
{
	return strncmp(row->path, probe_section, strlen(probe_section)) == 0;
}

static enum schema_use use_of(char mark)
{
	return mark == '!' ? SCHEMA_NEEDED : mark == '+' ? SCHEMA_POSSIBLE : SCHEMA_UNUSED;
}

static enum schema_use use_in_output(const char *key, unsigned type)
{
	for (size_t i = 0; i < ARRAY_LEN(outputs); i++) {
		if (strcmp(outputs[i].key, key) == 0) {
			return use_of(outputs[i].uses[type]);
		}
	}
	return SCHEMA_POSSIBLE;
}

/* The keys of a part have the part's own use. */
static enum schema_use use_in_probe(const char *key, unsigned type)
{
	size_t len = strcspn(key, ".");
	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		if (strlen(probes[i].key) == len && strncmp(probes[i].key, key, len) == 0) {
			return use_of(probes[i].uses[type]);
		}
	}
	return SCHEMA_POSSIBLE;
}

enum schema_use schema_use_of(const struct schema_row *row, unsigned type)
{
	if (is_of_probe(row)) {
		return use_in_probe(row->path + strlen(probe_section), type);
	}
	return schema_is_in(row, schema_outputs()) ? use_in_output(schema_leaf(row->path), type)
						   : SCHEMA_POSSIBLE;
}

void schema_list_types(const struct schema_row *row, char *out, size_t size)
{
	const struct schema_row *type =
			is_of_probe(row) ? schema_probe_type() : schema_output_type();
	out[0] = '\0';
	for (unsigned i = 0; type->words[i] != NULL; i++) {
		size_t len = strlen(out);
		if (schema_use_of(row, i) != SCHEMA_UNUSED) {
			snprintf(out + len, size - len, "%s%s", len == 0 ? "" : ", ",
					type->words[i]);
		}
	}
}
