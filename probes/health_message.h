/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROBES_HEALTH_MESSAGE_H
#define PROBES_HEALTH_MESSAGE_H

/* health_message - the messages of grpc.health.v1 (health.proto) as bytes and back. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/reason.h"

#define HEALTH_PATH_CHECK "/grpc.health.v1.Health/Check"
#define HEALTH_PATH_WATCH "/grpc.health.v1.Health/Watch"
#define HEALTH_PATH_LIST  "/grpc.health.v1.Health/List"

/* A HealthCheckResponse has two bytes; a server may know fields that we do not. */
#define HEALTH_MESSAGE_LIMIT 1024

/* The framed request body for `service`; free() it. NULL without memory. */
uint8_t *health_request(const char *service, size_t *len);

/* What a HealthCheckResponse says; REASON_BAD_FRAME when it cannot be read. */
enum reason health_response(const uint8_t *data, size_t len);

/*
 * What a HealthListResponse holds, as `"" SERVING, "orders" NOT_SERVING`, cut to
 * fit. How many names it has, or -1 when it cannot be read.
 */
int health_list(const uint8_t *data, size_t len, char *out, size_t size);

#endif
