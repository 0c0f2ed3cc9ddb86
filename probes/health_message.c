/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/health_message.h"

#include <health.pb-c.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/net/grpc_frame.h"
#include "agent/net/scratch.h"

uint8_t *health_request(const char *service, size_t *len)
{
	Grpc__Health__V1__HealthCheckRequest m;
	union {
		const char *in;
		char *out;
	} name = { .in = service }; /* protobuf-c has no const here; it only reads */

	grpc__health__v1__health_check_request__init(&m);
	m.service = name.out;
	size_t size = grpc__health__v1__health_check_request__get_packed_size(&m);
	uint8_t *body = malloc(GRPC_PREFIX + size);
	if (body != NULL) {
		grpc_prefix(body, (uint32_t)size);
		(void)grpc__health__v1__health_check_request__pack(&m, body + GRPC_PREFIX);
		*len = GRPC_PREFIX + size;
	}
	return body;
}

static enum reason reason_of(Grpc__Health__V1__HealthCheckResponse__ServingStatus status)
{
	/* Not our enum: a newer server may send a number that it does not have. */
	switch ((int)status) {
	case GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING:
		return REASON_SERVING;
	case GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING:
		return REASON_NOT_SERVING;
	case GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN:
		return REASON_SERVICE_UNKNOWN;
	}
	return REASON_STATUS_UNKNOWN;
}

enum reason health_response(const uint8_t *data, size_t len)
{
	struct scratch scratch;

	scratch_init(&scratch); /* one of these comes with every probe */
	Grpc__Health__V1__HealthCheckResponse *m = grpc__health__v1__health_check_response__unpack(
			&scratch.allocator, len, data);
	if (m == NULL) {
		return REASON_BAD_FRAME;
	}
	enum reason reason = reason_of(m->status);
	grpc__health__v1__health_check_response__free_unpacked(m, &scratch.allocator);
	return reason;
}

int health_list(const uint8_t *data, size_t len, char *out, size_t size)
{
	Grpc__Health__V1__HealthListResponse *m =
			grpc__health__v1__health_list_response__unpack(NULL, len, data);
	size_t at = 0;

	out[0] = '\0';
	if (m == NULL) {
		return -1;
	}
	for (size_t i = 0; i < m->n_statuses && at < size; i++) {
		const Grpc__Health__V1__HealthListResponse__StatusesEntry *e = m->statuses[i];
		enum reason reason = e->value == NULL ? REASON_STATUS_UNKNOWN
						      : reason_of(e->value->status);
		at += (size_t)snprintf(out + at, size - at, "%s\"%.100s\" %s", i > 0 ? ", " : "",
				e->key, reason_token(reason));
	}
	int n = (int)m->n_statuses;
	grpc__health__v1__health_list_response__free_unpacked(m, NULL);
	return n;
}
