/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_TLS_FILES_H
#define AGENT_NET_TLS_FILES_H

/*
 * tls_files - notices that certificates were replaced on disk.
 *
 * What a name leads to is compared, not what it contains: symbolic links are
 * followed, so a folder that is swapped under its link (as Kubernetes does
 * with secrets) is seen. Nothing is opened.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/net/tls_settings.h"

#define TLS_FILES 3 /* authority, certificate, key */

/* One file as it was seen; all zero when there is none. */
struct tls_file {
	int64_t modified; /* nanoseconds since 1970 */
	off_t size;
	ino_t inode;
	dev_t device;
};

/* Embedded; members are for tls_files.c only. */
struct tls_files {
	const struct tls_settings *settings; /* borrowed */
	struct tls_file known[TLS_FILES];    /* as last reported */
	struct tls_file seen[TLS_FILES];     /* at the last look */
	double looked;                       /* clock_now() of that look */
};

/* `settings` must outlive *f. What is on disk now counts as known. */
void tls_files_init(struct tls_files *f, const struct tls_settings *settings);

/*
 * True once after the files have changed and then stayed the same for one
 * look: a rotation writes them one after the other. Looks at the disk at most
 * once a second, so it may be asked as often as one likes.
 */
bool tls_files_changed(struct tls_files *f);

#endif
