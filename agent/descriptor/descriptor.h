/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DESCRIPTOR_DESCRIPTOR_H
#define AGENT_DESCRIPTOR_DESCRIPTOR_H

/*
 * descriptor - one YAML file that describes one service: what to register,
 * where, and how to tell whether it is well. Or a reader: which services to
 * look for, and where to write what is found.
 *
 * The table in agent/descriptor/schema.c is the only place that knows a key's name,
 * type, limits, default and help. Loading, printing, freeing and the tests of
 * the documentation walk it.
 *
 * Pure: reads the text it is given and the environment, opens nothing but the
 * file itself (and the list of network interfaces for `interface:`). Files that
 * a descriptor names are looked for, to warn when they cannot be read, but
 * never opened.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "agent/endpoint.h"
#include "agent/format.h"
#include "agent/log.h"
#include "agent/net/tls_settings.h"

struct problems;

/* A scalar of a metadata mapping, typed as it was written. */
enum scalar_kind { SCALAR_TEXT, SCALAR_NUMBER, SCALAR_TRUE, SCALAR_FALSE, SCALAR_NULL };

struct scalar {
	enum scalar_kind kind;
	char *name; /* owned */
	char *text; /* owned; SCALAR_NUMBER: a JSON number exactly as written (1.10 stays 1.10) */
};

struct scalars {
	struct scalar *at; /* owned; in the order of the file */
	size_t n;
};

struct endpoints {
	struct endpoint *at; /* owned; in the order of the file */
	size_t n;            /* at least 1 in a loaded descriptor */
};

struct formats {
	enum format at[N_FORMATS]; /* in the order of the file, none twice */
	size_t n;                  /* at least 1 in a loaded descriptor that registers */
};

/* One etcd cluster and how to get at it. Texts are owned, "" when not set. */
struct etcd_settings {
	struct endpoints endpoints; /* all of them say `tls`, or none does */
	struct tls_settings tls;    /* `on` exactly when they do */
	char *username;             /* "": no user, or the one in the client's certificate */
	char *password;
	char *password_file; /* read anew for each authentication */
	uint32_t request_timeout_ms;
};

enum probe_type { PROBE_GRPC, PROBE_TCP, PROBE_HTTP, PROBE_EXEC };

#define N_PROBE_TYPES (PROBE_EXEC + 1)

enum probe_mode { PROBE_MODE_AUTO, PROBE_MODE_WATCH, PROBE_MODE_CHECK };

/* What UNIMPLEMENTED from Health/Check means. */
enum unimplemented { UNIMPLEMENTED_PASS, UNIMPLEMENTED_FAIL };

/* HTTP statuses, both ends included: 100 to 999, `from` is not above `to`. */
struct statuses {
	uint32_t from, to;
};

/* The words of a command. */
struct words {
	char **at; /* owned, and so is each; at[n] is NULL: an argv. NULL when n is 0 */
	size_t n;
};

enum output_type { OUTPUT_JSON, OUTPUT_ENVOY, OUTPUT_HAPROXY, OUTPUT_NGINX, OUTPUT_EXEC };

/* What becomes of an output when the last instance goes. */
enum on_empty { ON_EMPTY_EMPTY, ON_EMPTY_KEEP };

/* Where the instances of a service are written to. What its type does not have is "" or empty. */
struct output_settings {
	enum output_type type;
	char *path;           /* json, envoy, nginx: the file, absolute or relative */
	char *socket;         /* haproxy: absolute path of the unix socket of its runtime API */
	char *backend;        /* haproxy: default the service's name */
	char *cluster;        /* envoy: cluster_name; default the service's name */
	char *upstream;       /* nginx: default the service's name */
	char *region;         /* envoy: instances whose metadata.region differs get priority 1;
				 "": all are priority 0 */
	struct words reload;  /* nginx: command after a change; may be empty */
	struct words command; /* exec */
	uint32_t timeout_ms;  /* of a command, which is killed then; haproxy: of one answer */
};

struct discover_service {
	char *name;
	struct output_settings *outputs; /* owned */
	size_t n_outputs;                /* at least 1 */
};

/*
 * A loaded descriptor is complete: every default is filled in. All texts are
 * owned and never NULL. Durations are milliseconds. It registers or it reads
 * (`discover.on`), and the sections that only the other kind has are zeroed.
 */
struct descriptor {
	char *file; /* as given, for messages */

	struct {
		bool on; /* it is a reader: no sections service, register, probe; no linger */
		char *prefix;
		enum format format;
		struct discover_service *services; /* owned; no name twice */
		size_t n_services;                 /* at least 1 */
		uint32_t settle_ms;                /* changes within it are written once */
		enum on_empty on_empty;
	} discover;

	struct {
		char *name;
		char *host; /* advertised; `interface:eth0` is already its address here */
		uint32_t port;
		char *protocol;
		struct scalars metadata;
	} service;

	struct {
		char *prefix;    /* begins with '/', no '/' at the end */
		uint32_t ttl_ms; /* whole seconds */
		struct formats formats;
		char *domain; /* of FORMAT_SKYDNS */
	} registry;           /* section `register`, a word that C keeps for itself */

	struct etcd_settings etcd;

	struct {
		enum probe_type type;
		struct target target;
		char *path;             /* http: begins with / */
		struct statuses status; /* http: those that pass */
		struct words command;   /* exec: not empty */
		char *service;          /* grpc */
		enum probe_mode mode;
		uint32_t interval_ms;
		uint32_t timeout_ms;
		uint32_t success_threshold;
		uint32_t failure_threshold;
		uint32_t initial_delay_ms;
		enum unimplemented unimplemented;
		struct scalars metadata; /* grpc: request metadata; http: headers; all SCALAR_TEXT
					  */
		struct tls_settings tls;
	} probe;

	struct {
		uint32_t linger_ms;
	} shutdown;

	struct {
		struct target listen; /* target_is_set() says whether there is any */
	} admin;

	struct {
		enum log_level level;
		enum log_format format;
	} log;
};

/*
 * Reads one file into *d. Returns 0, perhaps with warnings added to *problems;
 * or -1 with at least one error added, and *d zeroed. All problems of the file
 * are reported, in the order of the file; what keys say together is judged
 * when each of them alone is right.
 */
int descriptor_load(struct descriptor *d, const char *file, struct problems *problems);

/* The same from memory; `file` is for the messages. */
int descriptor_parse(struct descriptor *d, const char *file, const char *text, size_t len,
		struct problems *problems);

/* Frees what *d owns and zeroes it. Safe on a zeroed struct. */
void descriptor_finish(struct descriptor *d);

enum secrets {
	SECRETS_SHOWN, /* descriptor_parse reads it back to the same struct */
	SECRETS_MASKED /* for people: etcd.password and the values of probe.metadata are stars */
};

/*
 * Prints the effective descriptor as YAML: every key of the schema, but those
 * of a part that is off and those of SCHEMA_SILENT that are not set.
 */
void descriptor_print(const struct descriptor *d, enum secrets secrets, FILE *out);

#endif
