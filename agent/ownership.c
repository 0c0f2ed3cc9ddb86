/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ownership.h"

enum claim ownership_judge(const struct etcd_key *seen, int64_t lease, bool may_take_over)
{
	if (!seen->present) {
		return CLAIM_PUT;
	}
	if (seen->lease == lease) {
		return seen->same_value ? CLAIM_OURS : CLAIM_REPLACE;
	}
	if (seen->lease == 0 || may_take_over) {
		return CLAIM_REPLACE;
	}
	return CLAIM_TAKEN;
}
