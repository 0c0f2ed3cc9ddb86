/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_RENEW_H
#define AGENT_NET_ETCD_RENEW_H

/* etcd_renew - many renewals in one LeaseKeepAlive request. Private to etcd.c. */

#include "agent/net/etcd_batch.h"

extern const struct etcd_batch_kind etcd_renewals;

#endif
