/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_VALUE_H
#define AGENT_VALUE_H

/*
 * value - what is written to etcd for a service: the key, and the JSON under it.
 *
 * Both texts are new, the caller frees them with free(), and both are NULL
 * when there is no memory.
 */

struct descriptor;

/* {"host":"localhost","port":50051,"protocol":"grpc"}, then the metadata in order. */
char *value_make(const struct descriptor *d);

/* /services/coupon-service/localhost:50051, with brackets round IPv6. */
char *value_key(const struct descriptor *d);

#endif
