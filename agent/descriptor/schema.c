/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/schema.h"

#include <assert.h>
#include <string.h>

#include "agent/descriptor/descriptor.h"
#include "agent/suggest.h"
#include "agent/util.h"

#define SECOND ((uint32_t)1000)
#define HOUR   (3600 * SECOND)

#define PATH_BYTES 4096

#define SOCKET_BYTES 107 /* what fits into an address */

#define OUTPUTS "discover.services[].outputs"

#define AT(member)         offsetof(struct descriptor, member)
#define SERVICE_AT(member) offsetof(struct discover_service, member)
#define OUTPUT_AT(member)  offsetof(struct output_settings, member)

/* In the order of the enums. */
static const char *const probe_types[] = { "grpc", "tcp", "http", "exec", NULL };
static const char *const formats[] = { "services", "grpc-naming", "skydns", "go-zero", "kratos",
	"kitex", NULL };
static const char *const probe_modes[] = { "auto", "watch", "check", NULL };
static const char *const unimplemented[] = { "pass", "fail", NULL };
static const char *const log_levels[] = { "error", "warn", "info", "debug", NULL };
static const char *const log_formats[] = { "text", "json", NULL };

static const char *const output_types[] = { "json", "envoy", "haproxy", "nginx", "exec", NULL };
static const char *const on_empty[] = { "empty", "keep", NULL };

static_assert(OUTPUT_EXEC == 4 && ON_EMPTY_KEEP == 1, "the words above follow the enums");
static_assert(ARRAY_LEN(formats) == N_FORMATS + 1, "the words above follow the enums");
static_assert(ARRAY_LEN(probe_types) == N_PROBE_TYPES + 1, "the words above follow the enums");
static_assert(PROBE_MODE_CHECK == 2 && UNIMPLEMENTED_FAIL == 1, "the words above follow the enums");
static_assert(LOG_DEBUG == 3 && LOG_JSON == 1, "the words above follow the enums");

/* clang-format off */
static const struct schema_row rows[] = {
	{ "service.name", SCHEMA_NAME, SCHEMA_REQUIRED, AT(service.name), 1, 253, NULL,
		NULL, "name of the service, a part of its key" },
	{ "service.host", SCHEMA_HOST, SCHEMA_OPTIONAL, AT(service.host), 1, 253, NULL,
		"localhost", "advertised host: a name, an address, or interface:eth0" },
	{ "service.port", SCHEMA_COUNT, SCHEMA_REQUIRED, AT(service.port), 1, 65535, NULL,
		NULL, "advertised port" },
	{ "service.protocol", SCHEMA_TOKEN, SCHEMA_OPTIONAL, AT(service.protocol), 1, 64, NULL,
		"grpc", "protocol that the value names" },
	{ "service.metadata", SCHEMA_SCALARS, SCHEMA_OPTIONAL, AT(service.metadata), 0, 0, NULL,
		"{}", "further members of the value, in order, typed as written" },

	{ "register.prefix", SCHEMA_PREFIX, SCHEMA_OPTIONAL, AT(registry.prefix), 1, 512, NULL,
		"/services", "first part of the key" },
	{ "register.ttl", SCHEMA_SECONDS, SCHEMA_OPTIONAL, AT(registry.ttl_ms), 2 * SECOND, 24 * HOUR, NULL,
		"10s", "time to live of the lease, in whole seconds" },
	{ "register.formats", SCHEMA_FORMATS, SCHEMA_OPTIONAL, AT(registry.formats), 0, 0, formats,
		"[services]", "the tools that it is registered for, each with a key and a value of its own" },
	{ "register.domain", SCHEMA_NAME, SCHEMA_OPTIONAL, AT(registry.domain), 1, 253, NULL,
		"skydns.local", "domain of the name in DNS, for the format skydns" },

	{ "etcd.endpoints", SCHEMA_ENDPOINTS, SCHEMA_OPTIONAL, AT(etcd.endpoints), 0, 0, NULL,
		"${ETCD_HOSTS:-localhost:2379}", "members of the cluster: a list, or text with commas" },
	{ "etcd.request_timeout", SCHEMA_SPAN, SCHEMA_OPTIONAL, AT(etcd.request_timeout_ms), 50, 60 * SECOND, NULL,
		"2s", "time that one request to etcd may take" },
	{ "etcd.username", SCHEMA_TEXT, SCHEMA_SILENT, AT(etcd.username), 0, 256, NULL,
		"\"\"", "user of etcd" },
	{ "etcd.password", SCHEMA_SECRET, SCHEMA_SILENT, AT(etcd.password), 0, 1024, NULL,
		"\"\"", "password of that user" },
	{ "etcd.password_file", SCHEMA_FILE, SCHEMA_SILENT, AT(etcd.password_file), 0, PATH_BYTES, NULL,
		"\"\"", "file that holds the password instead" },
	{ "etcd.tls", SCHEMA_PART, SCHEMA_SILENT, AT(etcd.tls.on), 0, 0, NULL,
		NULL, "how the agent speaks TLS with etcd" },
	{ "etcd.tls.ca_file", SCHEMA_FILE, SCHEMA_OPTIONAL, AT(etcd.tls.ca_file), 0, PATH_BYTES, NULL,
		"\"\"", "authorities that may have signed the server's certificate; default the system's" },
	{ "etcd.tls.cert_file", SCHEMA_FILE, SCHEMA_OPTIONAL, AT(etcd.tls.cert_file), 0, PATH_BYTES, NULL,
		"\"\"", "certificate of the agent" },
	{ "etcd.tls.key_file", SCHEMA_FILE, SCHEMA_OPTIONAL, AT(etcd.tls.key_file), 0, PATH_BYTES, NULL,
		"\"\"", "its private key" },
	{ "etcd.tls.server_name", SCHEMA_PEER, SCHEMA_OPTIONAL, AT(etcd.tls.server_name), 0, 253, NULL,
		"\"\"", "name that the certificate must be for; default the host" },
	{ "etcd.tls.insecure_skip_verify", SCHEMA_FLAG, SCHEMA_OPTIONAL,
		AT(etcd.tls.insecure_skip_verify), 0, 0, NULL,
		"false", "take any certificate" },

	{ "probe.type", SCHEMA_WORD, SCHEMA_OPTIONAL, AT(probe.type), 0, 0, probe_types,
		"grpc", "kind of probe" },
	{ "probe.target", SCHEMA_TARGET, SCHEMA_OPTIONAL, AT(probe.target), 0, 0, NULL,
		NULL, "what is probed: address:port or unix:/path; default localhost and service.port" },
	{ "probe.path", SCHEMA_PATH, SCHEMA_OPTIONAL, AT(probe.path), 1, 2048, NULL,
		"/healthz", "path that is asked for, with its query" },
	{ "probe.status", SCHEMA_STATUSES, SCHEMA_OPTIONAL, AT(probe.status), 100, 999, NULL,
		"200-399", "statuses that pass: a range, or one" },
	{ "probe.command", SCHEMA_COMMAND, SCHEMA_OPTIONAL, AT(probe.command), 0, 64, NULL,
		"[]", "command that ends with 0 when the service is well" },
	{ "probe.service", SCHEMA_TEXT, SCHEMA_OPTIONAL, AT(probe.service), 0, 253, NULL,
		"\"\"", "service name that the health service is asked for" },
	{ "probe.mode", SCHEMA_WORD, SCHEMA_OPTIONAL, AT(probe.mode), 0, 0, probe_modes,
		"auto", "Health/Watch, Health/Check, or what the server has" },
	{ "probe.interval", SCHEMA_SPAN, SCHEMA_OPTIONAL, AT(probe.interval_ms), 100, HOUR, NULL,
		"1s", "time from check to check" },
	{ "probe.timeout", SCHEMA_SPAN, SCHEMA_OPTIONAL, AT(probe.timeout_ms), 10, 60 * SECOND, NULL,
		"1s", "time that one check may take" },
	{ "probe.success_threshold", SCHEMA_COUNT, SCHEMA_OPTIONAL, AT(probe.success_threshold), 1, 1000, NULL,
		"1", "passes in a row before the service counts as up" },
	{ "probe.failure_threshold", SCHEMA_COUNT, SCHEMA_OPTIONAL, AT(probe.failure_threshold), 1, 1000, NULL,
		"3", "soft failures in a row before it counts as down" },
	{ "probe.initial_delay", SCHEMA_SPAN, SCHEMA_OPTIONAL, AT(probe.initial_delay_ms), 0, HOUR, NULL,
		"0s", "wait before the first check" },
	{ "probe.unimplemented", SCHEMA_WORD, SCHEMA_OPTIONAL, AT(probe.unimplemented), 0, 0, unimplemented,
		"pass", "what a server without a health service counts as" },
	{ "probe.metadata", SCHEMA_HEADERS, SCHEMA_OPTIONAL, AT(probe.metadata), 0, 0, NULL,
		"{}", "request metadata of gRPC, headers of HTTP" },
	{ "probe.tls", SCHEMA_PART, SCHEMA_SILENT, AT(probe.tls.on), 0, 0, NULL,
		NULL, "how the probe speaks TLS with the service" },
	{ "probe.tls.ca_file", SCHEMA_FILE, SCHEMA_OPTIONAL, AT(probe.tls.ca_file), 0, PATH_BYTES, NULL,
		"\"\"", "authorities that may have signed the server's certificate; default the system's" },
	{ "probe.tls.cert_file", SCHEMA_FILE, SCHEMA_OPTIONAL, AT(probe.tls.cert_file), 0, PATH_BYTES, NULL,
		"\"\"", "certificate of the agent" },
	{ "probe.tls.key_file", SCHEMA_FILE, SCHEMA_OPTIONAL, AT(probe.tls.key_file), 0, PATH_BYTES, NULL,
		"\"\"", "its private key" },
	{ "probe.tls.server_name", SCHEMA_PEER, SCHEMA_OPTIONAL, AT(probe.tls.server_name), 0, 253, NULL,
		"\"\"", "name that the certificate must be for; default the host" },
	{ "probe.tls.insecure_skip_verify", SCHEMA_FLAG, SCHEMA_OPTIONAL,
		AT(probe.tls.insecure_skip_verify), 0, 0, NULL,
		"false", "take any certificate" },

	{ "discover.prefix", SCHEMA_PREFIX, SCHEMA_OPTIONAL, AT(discover.prefix), 1, 512, NULL,
		"/services", "first part of the keys that are looked for" },
	{ "discover.format", SCHEMA_WORD, SCHEMA_OPTIONAL, AT(discover.format), 0, 0, formats,
		"services", "how those keys and their values look" },
	{ "discover.settle", SCHEMA_SPAN, SCHEMA_OPTIONAL, AT(discover.settle_ms), 0, 60 * SECOND, NULL,
		"50ms", "changes within it are written once" },
	{ "discover.on_empty", SCHEMA_WORD, SCHEMA_OPTIONAL, AT(discover.on_empty), 0, 0, on_empty,
		"empty", "what becomes of an output when the last instance goes" },
	{ "discover.services", SCHEMA_MAPPINGS, SCHEMA_REQUIRED, AT(discover.services), 1, 256, NULL,
		NULL, "services that are looked for" },
	{ "discover.services[].name", SCHEMA_NAME, SCHEMA_REQUIRED, SERVICE_AT(name), 1, 253, NULL,
		NULL, "name of the service" },
	{ OUTPUTS, SCHEMA_MAPPINGS, SCHEMA_REQUIRED, SERVICE_AT(outputs), 1, 16, NULL,
		NULL, "where its instances are written to" },
	{ OUTPUTS "[].type", SCHEMA_WORD, SCHEMA_REQUIRED, OUTPUT_AT(type), 0, 0,
		output_types,
		NULL, "kind of output" },
	{ OUTPUTS "[].path", SCHEMA_OUTPUT, SCHEMA_OPTIONAL,
		OUTPUT_AT(path), 0, PATH_BYTES, NULL,
		"\"\"", "file that is written" },
	{ OUTPUTS "[].socket", SCHEMA_SOCKET, SCHEMA_OPTIONAL,
		OUTPUT_AT(socket), 0, SOCKET_BYTES, NULL,
		"\"\"", "unix socket of HAProxy's runtime API" },
	{ OUTPUTS "[].backend", SCHEMA_LABEL, SCHEMA_OPTIONAL,
		OUTPUT_AT(backend), 0, 253, NULL,
		"\"\"", "backend of HAProxy; default the service's name" },
	{ OUTPUTS "[].cluster", SCHEMA_LABEL, SCHEMA_OPTIONAL,
		OUTPUT_AT(cluster), 0, 253, NULL,
		"\"\"", "cluster of Envoy; default the service's name" },
	{ OUTPUTS "[].upstream", SCHEMA_NAME, SCHEMA_OPTIONAL,
		OUTPUT_AT(upstream), 0, 253, NULL,
		"\"\"", "upstream of nginx; default the service's name" },
	{ OUTPUTS "[].region", SCHEMA_TEXT, SCHEMA_OPTIONAL,
		OUTPUT_AT(region), 0, 253, NULL,
		"\"\"", "region whose instances come first" },
	{ OUTPUTS "[].reload", SCHEMA_COMMAND, SCHEMA_OPTIONAL,
		OUTPUT_AT(reload), 0, 64, NULL,
		"[]", "command after the file was replaced" },
	{ OUTPUTS "[].command", SCHEMA_COMMAND, SCHEMA_OPTIONAL,
		OUTPUT_AT(command), 0, 64, NULL,
		"[]", "command that gets the instances on its standard input" },
	{ OUTPUTS "[].timeout", SCHEMA_SPAN, SCHEMA_OPTIONAL,
		OUTPUT_AT(timeout_ms), 100, 300 * SECOND, NULL,
		"10s", "time that a command, or an answer of HAProxy, may take" },

	{ "shutdown.linger", SCHEMA_SPAN, SCHEMA_OPTIONAL, AT(shutdown.linger_ms), 0, HOUR, NULL,
		"0s", "wait between the revoke and the exit" },

	{ "admin.listen", SCHEMA_TARGET, SCHEMA_SILENT, AT(admin.listen), 0, 0, NULL,
		NULL, "where the agent answers about itself: address:port or unix:/path; default nowhere" },

	{ "log.level", SCHEMA_WORD, SCHEMA_OPTIONAL, AT(log.level), 0, 0, log_levels,
		"info", "error, warn, info or debug" },
	{ "log.format", SCHEMA_WORD, SCHEMA_OPTIONAL, AT(log.format), 0, 0, log_formats,
		"text", "text or json" },
};

static const struct {
	const char *name;
	enum schema_side side;
} sections[] = {
	{ "service", SCHEMA_REGISTERS },
	{ "register", SCHEMA_REGISTERS },
	{ "etcd", SCHEMA_BOTH },
	{ "probe", SCHEMA_REGISTERS },
	{ "discover", SCHEMA_READS },
	{ "shutdown", SCHEMA_IDLE },
	{ "admin", SCHEMA_BOTH },
	{ "log", SCHEMA_BOTH },
};

static const struct {
	const char *path;
	struct schema_items items;
} lists[] = {
	{ "discover.services",
		{ sizeof(struct discover_service), AT(discover.n_services) } },
	{ OUTPUTS,
		{ sizeof(struct output_settings), SERVICE_AT(n_outputs) } },
};
/* clang-format on */

const struct schema_row *schema_rows(size_t *n)
{
	*n = ARRAY_LEN(rows);
	return rows;
}

const struct schema_row *schema_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].path, path) == 0) {
			return &rows[i];
		}
	}
	return NULL;
}

const char *schema_leaf(const char *path)
{
	const char *dot = strrchr(path, '.');
	return dot == NULL ? path : dot + 1;
}

/* Length of what a key is in: its section, or the part of it; 0 when there is none. */
static size_t holder_len(const char *path)
{
	const char *leaf = schema_leaf(path);
	return leaf == path ? 0 : (size_t)(leaf - path) - 1;
}

/* True when both paths begin with the same n bytes, and the word ends there. */
static bool begin_alike(const char *a, const char *b, size_t n)
{
	return strncmp(a, b, n) == 0 && a[n] == '.' && b[n] == '.';
}

const struct schema_row *schema_part_of(const struct schema_row *row)
{
	size_t n = holder_len(row->path);
	bool is_in_part = memchr(row->path, '.', n) != NULL; /* a section by itself has no row */
	for (size_t i = 0; is_in_part && i < ARRAY_LEN(rows); i++) {
		if (strlen(rows[i].path) == n && strncmp(rows[i].path, row->path, n) == 0) {
			return &rows[i];
		}
	}
	return NULL;
}

bool schema_is_in(const struct schema_row *row, const struct schema_row *list)
{
	if (list == NULL) {
		return strchr(row->path, '[') == NULL;
	}
	size_t n = strlen(list->path);
	return strncmp(row->path, list->path, n) == 0 && strncmp(row->path + n, "[].", 3) == 0 &&
	       strchr(row->path + n + 3, '.') == NULL;
}

const struct schema_items *schema_items(const struct schema_row *list)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		if (strcmp(lists[i].path, list->path) == 0) {
			return &lists[i].items;
		}
	}
	return NULL;
}

/* The place of the section that a path begins with; as many as there are when it is none. */
static size_t find_section(const char *path)
{
	size_t n = strcspn(path, "."), i = 0;
	while (i < ARRAY_LEN(sections) &&
			(strncmp(sections[i].name, path, n) != 0 || sections[i].name[n] != '\0')) {
		i++;
	}
	return i;
}

bool schema_is_section(const char *name)
{
	return strchr(name, '.') == NULL && find_section(name) < ARRAY_LEN(sections);
}

enum schema_side schema_side_of(const char *path)
{
	size_t i = find_section(path);
	return i < ARRAY_LEN(sections) ? sections[i].side : SCHEMA_BOTH;
}

/*
 * How far a row is from an unknown key; 0: not near. A slip is nearer than a
 * wrong part of the section, and that is nearer than a wrong section.
 */
static size_t rank_of(const struct schema_row *row, const char *path)
{
	const char *leaf = schema_leaf(path), *row_leaf = schema_leaf(row->path);
	size_t n = holder_len(path);
	if (n > 0 && holder_len(row->path) == n && begin_alike(row->path, path, n)) {
		return suggest_rank(leaf, row_leaf);
	}
	if (strcmp(leaf, row_leaf) != 0) {
		return 0;
	}
	return begin_alike(row->path, path, strcspn(path, ".")) ? SUGGEST_MAX : SUGGEST_MAX + 1;
}

static const char *suggest_section(const char *name)
{
	const char *best = NULL;
	size_t nearest = SUGGEST_MAX;
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		size_t rank = suggest_rank(name, sections[i].name);
		if (rank > 0 && rank < nearest) {
			nearest = rank;
			best = sections[i].name;
		}
	}
	return best;
}

const char *schema_suggest(const char *path)
{
	const char *best = holder_len(path) == 0 ? suggest_section(path) : NULL;
	size_t nearest = SUGGEST_MAX + 2;
	for (size_t i = 0; best == NULL && i < ARRAY_LEN(rows); i++) {
		size_t rank = rank_of(&rows[i], path);
		if (rank > 0 && rank < nearest) {
			nearest = rank;
		}
	}
	for (size_t i = 0; best == NULL && i < ARRAY_LEN(rows); i++) {
		if (rank_of(&rows[i], path) == nearest) {
			best = rows[i].path;
		}
	}
	return best;
}
