/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_INSTANCE_H
#define AGENT_INSTANCE_H

/*
 * instance - one instance of a service, as a reader sees it in etcd. Pure.
 *
 * It does not change once it is made, and is shared by reference: the set that
 * follows etcd and the one that was published hold the same instances.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct instance {
	unsigned refs;
	char *key;       /* owned: the whole key in etcd */
	char *host;      /* owned: a name, IPv4, or IPv6 without brackets */
	uint16_t port;   /* 1 to 65535 */
	char *protocol;  /* owned; "" when the value does not say */
	char *metadata;  /* owned: a JSON object on one line, "{}" when there is none */
	uint32_t weight; /* of the metadata: 0 to INSTANCE_WEIGHT_MAX; 1 when it has none */
	int64_t lease, create_revision, mod_revision; /* etcd's; 0: not known */
	char *line; /* owned: itself as JSON; NULL until somebody has asked document.c for it */
};

#define INSTANCE_WEIGHT_MAX 65535u

/* Copies of the texts, one reference, weight 1, the rest 0. NULL without memory. */
struct instance *instance_make(const char *key, const char *host, uint16_t port,
		const char *protocol, const char *metadata);

/* One more user of it. */
struct instance *instance_ref(struct instance *instance);

/* One user less; the last frees it. Accepts NULL. */
void instance_unref(struct instance *instance);

/* How long its texts are in all, without `line`. */
size_t instance_bytes(const struct instance *instance);

/* True when nothing differs that those who connect to it could see: lease and revisions may. */
bool instance_same(const struct instance *a, const struct instance *b);

#endif
