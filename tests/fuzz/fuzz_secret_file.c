/* SPDX-License-Identifier: Apache-2.0 */
/* A file holds a password exactly when it is not empty, has no NUL, and is not too long. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/secret_file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	size_t len = size > 0 && data[size - 1] == '\n' ? size - 1 : size;
	bool good = size <= SECRET_FILE_MAX && len > 0 && memchr(data, '\0', len) == NULL;
	char path[32], out[SECRET_FILE_MAX + 1];
	struct secret_stamp stamp;
	struct err err = { 0 };

	HOLDS(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (secret_file_read(path, out, &stamp, &err) == 0) {
		HOLDS(good && strlen(out) == len && memcmp(out, data, len) == 0);
	} else {
		HOLDS(!good && err.text[0] != '\0');
	}
	HOLDS(!secret_file_changed(path, &stamp));
	HOLDS(ftruncate(fd, (off_t)size + 1) == 0 && secret_file_changed(path, &stamp));
	(void)close(fd);
	return 0;
}
