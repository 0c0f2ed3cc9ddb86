/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/open_files.h"

#include <sys/resource.h>

#include "agent/util.h"
#include "probes/probe.h"

/* Beside those of the probes: etcd's, the loop's, the log, the admin, and for each reader. */
#define BESIDE 64
#define READER 8

static size_t of_descriptor(const struct descriptor *d)
{
	return d->discover.on ? d->discover.n_services * READER
			      : probe_kinds[d->probe.type]->descriptors;
}

static size_t of_set(const struct descriptor_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		n += of_descriptor(&set->at[i]);
	}
	return n;
}

static size_t of_units(const struct units *units)
{
	size_t n = 0;

	for (size_t i = 0; i < units->n; i++) {
		n += of_descriptor(&units->at[i]->desc);
	}
	for (struct list *link = units->retiring; link != NULL; link = link->next) {
		n += of_descriptor(&CONTAINER_OF(link, struct unit, link)->desc);
	}
	return n;
}

bool open_files_allow(const struct units *running, const struct descriptor_set *set,
		struct open_files *files)
{
	struct rlimit limit;
	rlim_t most = of_set(set) + BESIDE;

	*files = (struct open_files){ .needed = most };
	most += of_units(running);
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
		return true; /* nothing is known of it */
	}
	if (limit.rlim_cur < most) {
		rlim_t before = limit.rlim_cur;
		limit.rlim_cur = limit.rlim_max < most ? limit.rlim_max : most;
		limit.rlim_cur = setrlimit(RLIMIT_NOFILE, &limit) < 0 ? before : limit.rlim_cur;
	}
	files->limit = limit.rlim_cur;
	return files->limit >= files->needed;
}
