/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_LOOK_H
#define AGENT_NET_ETCD_LOOK_H

/* etcd_look - are the keys as they were written? Private to etcd.c. */

#include "agent/net/etcd_batch.h"

extern const struct etcd_batch_kind etcd_looks;

/* A call that has begun, with its claim. */
void etcd_look_start(struct etcd_call *call);

#endif
