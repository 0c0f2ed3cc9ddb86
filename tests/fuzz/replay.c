/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay - takes the place of the fuzzer: every file that is named, and every file of the folders
 * that are named, once each. Its output names each before it is taken: the last one is to blame.
 *
 * The input is copied to a piece of memory of just its size, where a sanitizer sees each byte that
 * is read beyond it.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

#define SEED_MAX (1 << 20) /* bytes */

static int take(const char *path)
{
	static uint8_t room[SEED_MAX];
	FILE *file = fopen(path, "rb");

	if (file == NULL) {
		perror(path);
		return -1;
	}
	size_t size = fread(room, 1, sizeof room, file);
	(void)fclose(file);
	uint8_t *exact = malloc(size > 0 ? size : 1);
	if (exact == NULL) {
		perror(path);
		return -1;
	}
	memcpy(exact, room, size);
	(void)puts(path);
	(void)fflush(stdout);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* How many there were, or -1. */
static int take_folder(const char *folder)
{
	DIR *open_now = opendir(folder);
	int n = 0;

	if (open_now == NULL) {
		perror(folder);
		return -1;
	}
	for (struct dirent *at = NULL; n >= 0 && (at = readdir(open_now)) != NULL;) {
		char path[4096];
		(void)snprintf(path, sizeof path, "%s/%s", folder, at->d_name);
		if (at->d_name[0] == '.' || is_folder(path)) {
			continue;
		}
		n = take(path) < 0 ? -1 : n + 1;
	}
	(void)closedir(open_now);
	return n;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int n = is_folder(argv[i]) ? take_folder(argv[i]) : take(argv[i]) < 0 ? -1 : 1;
		if (n <= 0) {
			(void)fprintf(stderr, "%s: no seed was taken\n", argv[i]);
			return 1;
		}
		(void)printf("%s: %d seeds\n", argv[i], n);
	}
	return argc > 1 ? 0 : 1;
}
