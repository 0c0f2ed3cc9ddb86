/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_OWNERSHIP_H
#define AGENT_OWNERSHIP_H

/*
 * ownership - whose key is it? Pure.
 *
 * An agent that starts takes over the key of a predecessor (the usual case:
 * it was killed, and its lease still runs). An agent that has held the key and
 * finds it on another's lease has met someone newer and stands by. So the
 * newest wins and nobody flaps. A key without any lease is nobody's: no one
 * alive keeps it, and it would stay for ever.
 */

#include <stdbool.h>
#include <stdint.h>

#include "agent/net/etcd_codec.h"

enum claim {
	CLAIM_OURS,    /* on our lease, with our value */
	CLAIM_PUT,     /* not there: put it */
	CLAIM_REPLACE, /* there, but to be written anew, guarded by the mod_revision seen */
	CLAIM_TAKEN    /* another's */
};

enum claim ownership_judge(const struct etcd_key *seen, int64_t lease, bool may_take_over);

#endif
