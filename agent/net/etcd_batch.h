/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_BATCH_H
#define AGENT_NET_ETCD_BATCH_H

/* etcd_batch - many renewals in one LeaseKeepAlive request. Private to etcd.c. */

#include "agent/net/etcd.h"

/* Adds the call, whose etcd, lease, deadline and done are set, to the next batch. */
void etcd_batch_add(struct etcd *e, struct etcd_call *call);

/* Takes it out, wherever it is; the others go on. */
void etcd_batch_remove(struct etcd_call *call);

void etcd_batch_init(struct etcd *e);
void etcd_batch_finish(struct etcd *e);

#endif
