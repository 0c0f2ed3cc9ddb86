/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/status.h"

#include <stdlib.h>
#include <string.h>

#define SERVICES_MAX 6
#define READERS_MAX  4
#define OUTPUTS_MAX  3

static const char *text(struct fuzz_status *s, struct fuzz_bytes *b)
{
	if (s->n_texts == FUZZ_STATUS_TEXTS) {
		return "";
	}
	s->texts[s->n_texts] = fuzz_take_text(b);
	return s->texts[s->n_texts++];
}

static void *room(size_t n, size_t size)
{
	void *made = calloc(n + 1, size);

	HOLDS(made != NULL);
	return made;
}

static double seconds(struct fuzz_bytes *b)
{
	return (double)fuzz_u32(b) / 1000.0;
}

static struct status_service service(struct fuzz_status *s, struct fuzz_bytes *b)
{
	uint16_t flags = fuzz_u16(b);

	return (struct status_service){
		.name = text(s, b),
		.host = text(s, b),
		.port = fuzz_u16(b),
		.key = text(s, b),
		.file = text(s, b),
		.health = (enum health_state)(flags % 3),
		.probed = (flags & 4) != 0,
		.reason = (enum reason)(fuzz_u8(b) % N_REASONS),
		.sentence = text(s, b),
		.health_for = seconds(b),
		.reasons = s->reasons,
		.goal = (enum goal)(fuzz_u8(b) % N_GOALS),
		.state = (enum lease_state)(fuzz_u8(b) % N_LEASE_STATES),
		.at_goal = (flags & 8) != 0,
		.listed = (flags & 16) != 0,
		.contested = (flags & 32) != 0,
		.lease = (flags & 64) != 0 ? (int64_t)fuzz_u64(b) : 0,
		.ttl = seconds(b),
		.seconds_left = seconds(b),
		.tries = fuzz_u8(b),
		.etcd = text(s, b),
		.drained = (flags & 128) != 0,
		.withdrawn = (flags & 256) != 0,
		.linger_left = seconds(b),
		.retiring = (flags & 512) != 0,
	};
}

static struct status_reader reader(struct fuzz_status *s, struct fuzz_bytes *b)
{
	uint8_t flags = fuzz_u8(b);
	struct status_reader r = {
		.name = text(s, b),
		.prefix = text(s, b),
		.file = text(s, b),
		.begun = (flags & 1) != 0,
		.stale = (flags & 2) != 0,
		.age = seconds(b),
		.revision = fuzz_u32(b),
		.instances = fuzz_u16(b),
		.at_goal = (flags & 4) != 0,
		.etcd = text(s, b),
		.n_outputs = flags >> 4 & OUTPUTS_MAX,
	};

	r.outputs = room(r.n_outputs, sizeof *r.outputs);
	for (size_t i = 0; i < r.n_outputs; i++) {
		r.outputs[i] = (struct status_output){ "json", text(s, b), fuzz_u8(b) % 2 == 1 };
	}
	return r;
}

static void add_clusters(struct fuzz_status *s, size_t n)
{
	static struct endpoint all[] = { { "a.example", 2379, false }, { "::1", 2380, true } };

	s->endpoints = (struct endpoints){ all, 2 };
	s->status.clusters = room(n, sizeof *s->status.clusters);
	s->status.n_clusters = n;
	for (size_t i = 0; i < n; i++) {
		s->status.clusters[i] = (struct status_cluster){ &s->endpoints, i };
	}
}

static void add_counts(struct fuzz_status *s, struct fuzz_bytes *b)
{
	s->reasons[fuzz_u8(b) % N_REASONS] = fuzz_u32(b);
	s->counts.registrations = fuzz_u64(b);
	s->counts.deregistrations[fuzz_u8(b) % N_ABSENCES] = fuzz_u32(b);
	s->counts.etcd.requests[fuzz_u8(b) % N_ETCD_METHODS][fuzz_u8(b) % N_ETCD_CODES] =
			fuzz_u32(b);
	histogram_note(&s->counts.probes, seconds(b));
	histogram_note(&s->counts.etcd.took, seconds(b));
	s->status.counts = &s->counts;
}

void fuzz_status_make(struct fuzz_status *s, struct fuzz_bytes *b)
{
	uint8_t flags = fuzz_u8(b), n = fuzz_u8(b);

	*s = (struct fuzz_status){ 0 };
	s->status.version = text(s, b);
	s->status.uptime = seconds(b);
	s->status.leaving = (flags & 1) != 0;
	s->status.drained = (flags & 2) != 0;
	s->status.reloads = fuzz_u8(b);
	s->status.reloads_failed = fuzz_u8(b);
	add_counts(s, b);
	add_clusters(s, flags >> 2 & 1 ? 2 : flags >> 3 & 1);
	s->status.n_services = n % (SERVICES_MAX + 1);
	s->status.services = room(s->status.n_services, sizeof *s->status.services);
	for (size_t i = 0; i < s->status.n_services; i++) {
		s->status.services[i] = service(s, b);
	}
	s->status.n_readers = (n >> 4) % (READERS_MAX + 1);
	s->status.readers = room(s->status.n_readers, sizeof *s->status.readers);
	for (size_t i = 0; i < s->status.n_readers; i++) {
		s->status.readers[i] = reader(s, b);
	}
}

void fuzz_status_finish(struct fuzz_status *s)
{
	status_finish(&s->status);
	for (size_t i = 0; i < s->n_texts; i++) {
		free(s->texts[i]);
	}
}
