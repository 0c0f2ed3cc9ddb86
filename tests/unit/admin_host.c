/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/admin_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/util.h"

static int look(struct admin_host *host, struct status *s)
{
	struct played_host *p = CONTAINER_OF(host, struct played_host, host);
	size_t n = ARRAY_LEN(p->services) * p->copies;

	p->looks++;
	if (p->no_memory) {
		return -1;
	}
	*s = (struct status){ .version = "1.2.3",
		.leaving = p->leaving,
		.counts = &p->counts,
		.n_services = n,
		.n_readers = p->n_readers };
	s->services = calloc(n, sizeof *s->services);
	s->readers = calloc(1, sizeof *s->readers);
	s->clusters = calloc(1, sizeof *s->clusters);
	for (size_t i = 0; i < n; i++) {
		s->services[i] = p->services[i % ARRAY_LEN(p->services)];
		s->services[i].port += (unsigned)(i / ARRAY_LEN(p->services));
	}
	s->readers[0] = p->reader;
	s->readers[0].n_outputs = p->n_readers;
	s->readers[0].outputs = malloc(sizeof p->output);
	memcpy(s->readers[0].outputs, &p->output, sizeof p->output);
	if (p->n_readers == 0) {
		free(s->readers[0].outputs);
	}
	return 0;
}

static bool has(const struct played_host *p, const char *name)
{
	return strcmp(name, p->services[0].name) == 0 || strcmp(name, p->services[1].name) == 0;
}

static bool drain(struct admin_host *host, const char *const *names, size_t n, bool drained)
{
	struct played_host *p = CONTAINER_OF(host, struct played_host, host);
	char *end = p->told + strlen(p->told);
	size_t left = sizeof p->told - (size_t)(end - p->told);

	for (size_t i = 0; i < n; i++) {
		if (!has(p, names[i])) {
			return false;
		}
	}
	FILE *out = fmemopen(end, left, "w");
	(void)fputs(drained ? "drain" : "resume", out);
	for (size_t i = 0; i < n; i++) {
		(void)fprintf(out, " %s", names[i]);
	}
	(void)fputs(";", out);
	(void)fclose(out);
	return true;
}

void played_host_init(struct played_host *p)
{
	static const char *const names[] = { "coupon-service", "point-service" };

	memset(p, 0, sizeof *p);
	p->host = (struct admin_host){ .look = look, .drain = drain };
	p->copies = 1;
	for (size_t i = 0; i < ARRAY_LEN(p->services); i++) {
		p->services[i] = (struct status_service){
			.name = names[i],
			.host = "localhost",
			.port = 50051 + (unsigned)i,
			.key = "/services/a/localhost:1",
			.file = "coupon.yaml",
			.sentence = "",
			.reasons = p->reasons,
			.health = HEALTH_UP,
			.goal = GOAL_PRESENT,
			.state = LEASE_HELD,
			.lease = 7,
			.etcd = "etcd1:2379",
			.at_goal = true,
			.listed = true,
		};
	}
	p->reader = (struct status_reader){ .name = "timesale-service",
		.prefix = "/services",
		.file = "gateway.yaml",
		.etcd = "etcd1:2379",
		.begun = true,
		.at_goal = true };
	p->output = (struct status_output){ "json", "/run/x.json", false };
}
