/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ownership.h"

#include <string.h>

static bool was_ours(const struct claim_terms *terms, int64_t lease)
{
	bool was = false;

	for (size_t i = 0; i < CLAIM_EARLIER; i++) {
		was = was || terms->earlier[i] == lease;
	}
	return was;
}

void ownership_add_earlier(int64_t earlier[CLAIM_EARLIER], int64_t lease)
{
	if (lease != 0) {
		memmove(&earlier[1], &earlier[0], (CLAIM_EARLIER - 1) * sizeof earlier[0]);
		earlier[0] = lease;
	}
}

enum claim ownership_judge(const struct etcd_key *seen, const struct claim_terms *terms)
{
	if (!seen->present) {
		return CLAIM_PUT;
	}
	if (seen->lease == terms->lease) {
		return seen->same_value ? CLAIM_OURS : CLAIM_REPLACE;
	}
	if (seen->lease == 0 || was_ours(terms, seen->lease) ||
			seen->mod_revision <= terms->take_over_up_to) {
		return CLAIM_REPLACE;
	}
	return CLAIM_TAKEN;
}

enum claim ownership_judge_all(const struct etcd_key *seen, size_t n,
		const struct claim_terms *terms, size_t *which)
{
	enum claim worst = CLAIM_OURS;
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		enum claim claim = ownership_judge(&seen[i], terms);
		if (claim > worst) {
			worst = claim;
			at = i;
		}
	}
	if (which != NULL) {
		*which = at;
	}
	return worst;
}

int64_t ownership_written(const struct etcd_key *seen, size_t n)
{
	int64_t written = seen[0].mod_revision;

	for (size_t i = 1; i < n; i++) {
		written = seen[i].mod_revision == written ? written : 0;
	}
	return written;
}
