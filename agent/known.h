/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_KNOWN_H
#define AGENT_KNOWN_H

/*
 * known - what is known of the keys under one prefix: the instances, and the
 * keys whose values are none. Pure.
 *
 * The second are kept so that the number of keys can be compared with etcd's,
 * and so that each bad value is named once.
 */

#include <stdbool.h>
#include <stddef.h>

#include "agent/err.h"
#include "agent/format.h"
#include "agent/instances.h"

struct etcd_kv;

/* Keys under one prefix, and bytes of their texts, so that no one can make us grow without a bound.
 */
#define KNOWN_MAX       100000
#define KNOWN_BYTES_MAX ((size_t)64 << 20)

/* A zeroed one knows nothing. */
struct known {
	struct instances live;
	struct instances broken; /* keys whose values are no instances: without a host */
};

size_t known_count(const struct known *k);

/* What putting a key has done. */
struct known_put {
	bool failed;  /* it is not in: err says why */
	bool changed; /* `live` is not what it was, for those who look at it */
	bool skipped; /* the value is no instance, and was not known to be: err says why */
};

/*
 * Takes in what a key holds now. `before` is what was known when it was last
 * looked at (it may be `k` itself): a value that was bad then is not skipped anew.
 */
struct known_put known_put(struct known *k, const struct known *before, enum format format,
		const struct etcd_kv *kv, struct err *err);

/* The key is gone. True when `live` is not what it was. */
bool known_remove(struct known *k, const struct etcd_kv *kv);

/* The key as text, for people: what is no text in it is replaced. New; NULL without memory. */
char *known_key(const struct etcd_kv *kv);

void known_finish(struct known *k);

#endif
