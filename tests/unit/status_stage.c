/* SPDX-License-Identifier: Apache-2.0 */
#include "status_stage.h"

#include <stdlib.h>
#include <string.h>

struct status_service stage_service(const char *name)
{
	return (struct status_service){
		.name = name,
		.host = "localhost",
		.port = 50051,
		.key = "/services/a/localhost:50051",
		.file = "a.yaml",
		.health = HEALTH_UP,
		.probed = true,
		.reason = REASON_SERVING,
		.sentence = "the service says that it serves",
		.health_for = 61.5,
		.goal = GOAL_PRESENT,
		.state = LEASE_HELD,
		.at_goal = true,
		.listed = true,
		.lease = 0x694d9aabd4b5c20a,
		.ttl = 10,
		.seconds_left = 9.2,
		.etcd = "localhost:2379",
	};
}

struct status_reader stage_reader(const char *name)
{
	struct status_output *outputs = calloc(2, sizeof *outputs);

	if (outputs == NULL) {
		abort();
	}
	outputs[0] = (struct status_output){ .type = "json", .place = "/run/a.json" };
	outputs[1] = (struct status_output){ .type = "haproxy", .place = "/run/h.sock" };
	return (struct status_reader){
		.name = name,
		.prefix = "/services/a/",
		.file = "r.yaml",
		.begun = true,
		.revision = 1234,
		.instances = 3,
		.at_goal = true,
		.etcd = "localhost:2379",
		.outputs = outputs,
		.n_outputs = 2,
	};
}

static void *copy(const void *at, size_t n, size_t size)
{
	void *made = calloc(n + 1, size);

	if (made == NULL) {
		abort();
	}
	if (n > 0) {
		memcpy(made, at, n * size);
	}
	return made;
}

struct status stage_status(const struct status_service *services, size_t n_services,
		const struct status_reader *readers, size_t n_readers)
{
	return (struct status){
		.version = "1.2.3",
		.uptime = 7300.25,
		.services = copy(services, n_services, sizeof *services),
		.n_services = n_services,
		.readers = copy(readers, n_readers, sizeof *readers),
		.n_readers = n_readers,
	};
}
