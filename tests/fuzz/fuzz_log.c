/* SPDX-License-Identifier: Apache-2.0 */
/* One fact is one harmless line, and JSON where it is asked for, whatever its texts hold. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/log.h"
#include "tests/fuzz/fuzz.h"

#define LINE_ROOM 4096

static void write_facts(const char *message, const char *name, const char *value, int64_t number)
{
	double took = (double)(number % 1000000000) / 1e6;

	log_write(LOG_WARN,
			LOG_FIELDS(LOG_STR("service", name), LOG_STR("key", value),
					LOG_INT("port", number), LOG_TOOK("took", took),
					LOG_HEX("lease", number), LOG_SAY(value)),
			"%s", message);
}

/* What the call has written to stderr, which is a file for as long. */
static size_t capture(char room[LINE_ROOM], const char *message, const char *name,
		const char *value, int64_t number)
{
	int file = memfd_create("fuzz", MFD_CLOEXEC), kept = dup(STDERR_FILENO);

	HOLDS(file >= 0 && kept >= 0 && dup2(file, STDERR_FILENO) >= 0);
	write_facts(message, name, value, number);
	int back = dup2(kept, STDERR_FILENO);
	ssize_t len = pread(file, room, LINE_ROOM - 1, 0);
	HOLDS(back >= 0 && len > 0 && close(kept) == 0 && close(file) == 0);
	room[len] = '\0';
	return (size_t)len;
}

/* Each value is where it belongs: no text can end its quotes. */
static void check_fields(const char *line)
{
	bool quoted = false;

	for (const char *at = line; *at != '\0'; at++) {
		if (*at == '\\' && quoted) {
			HOLDS(at[1] == '"' || at[1] == '\\' || at[1] == 'x');
			at++;
		} else if (*at == '"') {
			quoted = !quoted;
		}
	}
	HOLDS(!quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes b = { data, size };
	bool json = fuzz_u8(&b) % 2 == 1;
	int64_t number = (int64_t)fuzz_u64(&b);
	char *message = fuzz_take_text(&b), *name = fuzz_take_text(&b), *value = fuzz_take_text(&b);
	char line[LINE_ROOM];

	log_setup(LOG_INFO, json ? LOG_JSON : LOG_TEXT);
	size_t len = capture(line, message, name, value, number);
	HOLDS(strlen(line) == len && line[len - 1] == '\n');
	HOLDS(fuzz_is_harmless(line) && fuzz_count_lines(line) == 1);
	if (json) {
		HOLDS(fuzz_is_json(line, len));
	} else if (len < 2000 && strpbrk(message, "\"\\") == NULL) { /* else it may be cut */
		check_fields(line);
	}
	free(message);
	free(name);
	free(value);
	return 0;
}
