/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer is SERVING only where a second reader finds that number in it; a list of names fits
 * where it is written; a question names the service that was meant.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/net/grpc_frame.h"
#include "probes/health_message.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/proto_walk.h"

#define STATUS         1
#define STATUS_SERVING 1

static void read_answer(const uint8_t *data, size_t size)
{
	enum reason reason = health_response(data, size);
	struct proto_walk walk = { .at = data, .left = size };

	while (proto_next(&walk)) {
	}
	HOLDS(reason == REASON_BAD_FRAME || walk.left == 0);
	switch ((int)reason) {
	case REASON_SERVING:
		HOLDS((uint32_t)proto_varint(data, size, STATUS) == STATUS_SERVING);
		break;
	case REASON_NOT_SERVING:
	case REASON_SERVICE_UNKNOWN:
	case REASON_STATUS_UNKNOWN:
		HOLDS((uint32_t)proto_varint(data, size, STATUS) != STATUS_SERVING);
		break;
	default:
		HOLDS(reason == REASON_BAD_FRAME);
	}
}

static void read_list(const uint8_t *data, size_t size, size_t room)
{
	char *out = malloc(room);

	HOLDS(out != NULL);
	int n = health_list(data, size, out, room);
	HOLDS(n >= -1 && (size_t)(n + 1) <= size + 1);
	HOLDS(strnlen(out, room) < room);
	HOLDS(n > 0 || out[0] == '\0');
	free(out);
}

static void ask_for(const uint8_t *data, size_t size)
{
	char *service = fuzz_text(data, size);
	const uint8_t *message, *name = NULL;
	size_t len, n_message, n_name = 0;
	uint8_t *body = health_request(service, &len);

	HOLDS(body != NULL && grpc_only_message(body, len, &message, &n_message));
	HOLDS(proto_bytes(message, n_message, 1, &name, &n_name) == (service[0] != '\0'));
	HOLDS(n_name == strlen(service) && (n_name == 0 || memcmp(name, service, n_name) == 0));
	free(body);
	free(service);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_answer(data, size);
	read_list(data, size, 300);
	read_list(data, size, 1 + size % 7);
	ask_for(data, size);
	return 0;
}
