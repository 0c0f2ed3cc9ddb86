/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_ETCD_CALL_H
#define AGENT_NET_ETCD_CALL_H

/* etcd_call - how a call to etcd begins and ends. Private to etcd.c and what it is made of. */

#include "agent/net/etcd.h"

/* `timeout` in seconds. None of the call may be in flight. */
void etcd_call_begin(struct etcd *e, struct etcd_call *call, double timeout, etcd_done *done);

/* Seconds; for calls that name a lease: it must live to see the next try, on another member. */
double etcd_call_timeout(const struct etcd *e, double ttl);

/* Detaches it, then calls back. */
void etcd_call_end(struct etcd_call *call, const struct etcd_reply *reply);
void etcd_call_end_unsure(struct etcd_call *call, const char *why);

/* What every call makes of an answer that is not OK. `claim`: what it was about; NULL: a lease. */
void etcd_call_end_failed(struct etcd_call *call, const struct etcd_answer *answer,
		const struct etcd_claim *claim);

/* The key is another's. */
void etcd_call_end_taken(struct etcd_call *call, int64_t other, const char *key);

/* The one message of an answer that is OK; false when there is none, or more. */
bool etcd_call_message(const struct etcd_answer *answer, const uint8_t **message, size_t *len);

/* The call that a request is embedded in. */
struct etcd_call *etcd_call_of(struct etcd_request *request);

#endif
