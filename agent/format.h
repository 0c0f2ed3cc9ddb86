/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_FORMAT_H
#define AGENT_FORMAT_H

/*
 * format - how an instance of a service stands in etcd, for each of the tools
 * that look there. Pure.
 *
 *   services     /services/<name>/<host>:<port>
 *                {"host":"h","port":1,"protocol":"grpc", then the metadata}
 *   grpc-naming  <name>/<host>:<port>, of etcd's own resolver for gRPC in Go
 *                {"Op":0,"Addr":"h:1","Metadata":null, or the metadata as text}
 *   skydns       /skydns/<domain, its labels turned round>/<name, too>/<id>, of CoreDNS
 *                {"host":"h","port":1,"priority":10,"weight":100,"ttl":10}
 *   go-zero      <name>/<id>
 *                h:1
 *   kratos       /microservices/<name>/<host>:<port>
 *                {"id":"h:1","name":"s","version":"","metadata":{},"endpoints":["grpc://h:1"]}
 *   kitex        kitex/registry-etcd/<name>/<host>:<port>
 *                {"network":"tcp","address":"h:1","weight":10,"tags":{}}
 *
 * The key says which instance it is, so it must not change from start to
 * start: where a tool would put a lease or a random number into it, there
 * stands a number made of host and port.
 */

#include <stdbool.h>
#include <stddef.h>

#include "agent/err.h"

struct descriptor;
struct instance;

enum format {
	FORMAT_SERVICES,
	FORMAT_GRPC_NAMING,
	FORMAT_SKYDNS,
	FORMAT_GO_ZERO,
	FORMAT_KRATOS,
	FORMAT_KITEX,
	N_FORMATS
};

/* As it is named in a descriptor: "services", "grpc-naming", ... */
const char *format_name(enum format f);

/*
 * The prefix, always ending in '/', under which the instances of `service`
 * stand: the first part of the keys and the service's name. `prefix` is that
 * first part; NULL, "" or the default of the format services (/services) stand
 * for the one that the format's own tools use. For skydns it holds the domain:
 * /skydns/local/skydns.
 *
 * With `service` NULL, the prefix of all services; it is "" for grpc-naming
 * and go-zero, whose keys begin with the name.
 *
 * A new text, to be freed; NULL without memory.
 */
char *format_prefix(enum format f, const char *prefix, const char *service);

/*
 * The name of the service that a key under format_prefix(f, prefix, NULL) is
 * of. False when the key is not made that way, or `out` is too small.
 */
bool format_service_of(enum format f, const char *prefix, const char *key, char *out, size_t size);

/*
 * The key and the value of a descriptor: new texts, to be freed. 0; or -1
 * without memory, both NULL then.
 */
int format_write(enum format f, const struct descriptor *d, char **key, char **value);

/*
 * One key and its value as an instance: lease and revisions are not known yet.
 * What the format has no meaning for becomes metadata, in order. The weight is
 * metadata.weight where that is a whole number from 0 to INSTANCE_WEIGHT_MAX;
 * otherwise what the format's tools take an instance without one for, and 1 in
 * services.
 *
 * NULL when it is no instance, with a sentence in *err that says why; the
 * sentence quotes nothing but a host, a port or an address.
 */
struct instance *format_read(
		enum format f, const char *key, const char *value, size_t len, struct err *err);

#endif
