/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/endpoint_ring.h"

#include <stdlib.h>
#include <string.h>

int endpoint_ring_init(struct endpoint_ring *ring, unsigned n, struct random *random)
{
	ring->order = calloc(n, sizeof *ring->order);
	if (ring->order == NULL) {
		return -1;
	}
	ring->n = n;
	ring->current = 0;
	ring->left = 0;
	for (unsigned i = 0; i < n; i++) { /* Fisher and Yates, inside out */
		unsigned j = random_below(random, i + 1);
		ring->order[i] = ring->order[j];
		ring->order[j] = i;
	}
	return 0;
}

void endpoint_ring_finish(struct endpoint_ring *ring)
{
	free(ring->order);
	memset(ring, 0, sizeof *ring);
}

unsigned endpoint_ring_current(const struct endpoint_ring *ring)
{
	return ring->order[ring->current];
}

unsigned endpoint_ring_beside(const struct endpoint_ring *ring, unsigned endpoint)
{
	unsigned current = endpoint_ring_current(ring);

	return current != endpoint ? current : endpoint_ring_after(ring, endpoint, endpoint);
}

unsigned endpoint_ring_after(const struct endpoint_ring *ring, unsigned last, unsigned endpoint)
{
	unsigned at = 0;

	while (ring->order[at] != last) {
		at++;
	}
	at = (at + 1) % ring->n;
	return ring->order[ring->order[at] != endpoint ? at : (at + 1) % ring->n];
}

void endpoint_ring_leave(struct endpoint_ring *ring, unsigned failed)
{
	if (endpoint_ring_current(ring) == failed) {
		ring->current = (ring->current + 1) % ring->n;
		ring->left += ring->left < ring->n ? 1 : 0;
	}
}

void endpoint_ring_answered(struct endpoint_ring *ring)
{
	ring->left = 0;
}

bool endpoint_ring_untried(const struct endpoint_ring *ring)
{
	return ring->left < ring->n;
}
