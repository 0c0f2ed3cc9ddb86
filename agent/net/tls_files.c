/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/tls_files.h"

#include <string.h>
#include <sys/stat.h>

#include "agent/clock.h"

#define LOOK_INTERVAL 1.0 /* seconds */

/* A file that is not there, or out of reach, is a state like another. */
static struct tls_file look_at(const char *path)
{
	struct stat st;

	if (path[0] == '\0' || stat(path, &st) < 0) {
		return (struct tls_file){ 0 };
	}
	return (struct tls_file){
		.modified = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
		.size = st.st_size,
		.inode = st.st_ino,
		.device = st.st_dev,
	};
}

static bool same(const struct tls_file *a, const struct tls_file *b)
{
	for (size_t i = 0; i < TLS_FILES; i++) {
		if (a[i].modified != b[i].modified || a[i].size != b[i].size ||
				a[i].inode != b[i].inode || a[i].device != b[i].device) {
			return false;
		}
	}
	return true;
}

static void look(struct tls_files *f, struct tls_file out[TLS_FILES])
{
	const struct tls_settings *s = f->settings;
	const char *const paths[TLS_FILES] = { s->ca_file, s->cert_file, s->key_file };

	for (size_t i = 0; i < TLS_FILES; i++) {
		out[i] = look_at(paths[i]);
	}
	f->looked = clock_now();
}

void tls_files_init(struct tls_files *f, const struct tls_settings *settings)
{
	f->settings = settings;
	look(f, f->known);
	memcpy(f->seen, f->known, sizeof f->seen);
}

bool tls_files_changed(struct tls_files *f)
{
	struct tls_file now[TLS_FILES];

	if (clock_now() - f->looked < LOOK_INTERVAL) {
		return false;
	}
	look(f, now);
	bool settled = same(now, f->seen);
	memcpy(f->seen, now, sizeof f->seen);
	if (!settled || same(now, f->known)) {
		return false;
	}
	memcpy(f->known, now, sizeof f->known);
	return true;
}
