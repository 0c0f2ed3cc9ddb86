/* SPDX-License-Identifier: Apache-2.0 */
/* Several descriptors, with a NUL between them, each a file: all of them are loaded, or none. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/descriptor/descriptor_set.h"
#include "tests/fuzz/fuzz.h"

#define FILES 4

/* A file without a name; its path is "/proc/self/fd/N". */
static int make_file(const char *text, char path[32])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	size_t len = strlen(text);

	HOLDS(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	(void)snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static void check(const struct descriptor_set *set, size_t n)
{
	const struct target *admin = descriptor_set_admin(set);

	HOLDS(set->n == n);
	HOLDS(admin == NULL || target_is_set(admin));
	for (size_t i = 0; i < set->n; i++) {
		const struct descriptor *d = &set->at[i];
		HOLDS(d->discover.on ? d->discover.n_services > 0 : d->service.name[0] != '\0');
		HOLDS(admin != NULL || !target_is_set(&d->admin.listen));
		for (size_t k = 0; k < i && !d->discover.on; k++) {
			const struct descriptor *e = &set->at[k];
			HOLDS(e->discover.on || strcmp(e->service.name, d->service.name) != 0 ||
					strcmp(e->service.host, d->service.host) != 0 ||
					e->service.port != d->service.port ||
					strcmp(e->registry.prefix, d->registry.prefix) != 0 ||
					e->etcd.endpoints.n != d->etcd.endpoints.n ||
					!endpoint_same(&e->etcd.endpoints.at[0],
							&d->etcd.endpoints.at[0]));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	struct problems problems = { 0 };
	struct descriptor_set set;
	char paths[FILES][32];
	const char *names[FILES];
	int fds[FILES];
	size_t n = 0;

	do {
		char *text = fuzz_take_text(&b);
		fds[n] = make_file(text, paths[n]);
		names[n] = paths[n];
		free(text);
	} while (++n < FILES && b.left > 0);
	if (descriptor_set_load(&set, names, n, &problems) == 0) {
		HOLDS(problems.n_errors == 0);
		check(&set, n);
	} else {
		HOLDS(problems.n_errors > 0 && set.n == 0);
	}
	descriptor_set_finish(&set);
	problems_finish(&problems);
	for (size_t i = 0; i < n; i++) {
		(void)close(fds[i]);
	}
	return 0;
}
