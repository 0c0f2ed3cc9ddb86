/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/doctor/doctor_outputs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/clock.h"
#include "agent/net/waiting.h"

#define CHECK "output"

/* ---- files ------------------------------------------------------------------------------ */

/* The folder that a file is in. */
static void folder_of(const char *path, char *out, size_t size)
{
	const char *slash = strrchr(path, '/');
	int len = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);

	(void)snprintf(out, size, "%.*s", len, slash == NULL ? "." : path);
}

static void check_file(struct doctor_findings *f, const char *path)
{
	char folder[PATH_MAX];
	struct stat info;

	folder_of(path, folder, sizeof folder);
	if (stat(folder, &info) < 0) {
		doctor_find(f, CHECK, path, OUTPUT_FOLDER, "its folder %.300s: %s", folder,
				strerror(errno));
	} else if (!S_ISDIR(info.st_mode)) {
		doctor_find(f, CHECK, path, OUTPUT_FOLDER, "%.300s is no folder", folder);
	} else if (access(folder, W_OK | X_OK) < 0) {
		doctor_find(f, CHECK, path, OUTPUT_FOLDER,
				"user %ld may not write into its folder %.300s: %s",
				(long)geteuid(), folder, strerror(errno));
	} else {
		doctor_find(f, CHECK, path, DOCTOR_OK, "its folder can be written");
	}
}

/* ---- commands --------------------------------------------------------------------------- */

static bool can_run(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* As execvp looks for it. */
static bool in_path(const char *name)
{
	const char *folders = getenv("PATH"), *at = folders == NULL ? "/bin:/usr/bin" : folders;
	char path[PATH_MAX];

	for (;;) {
		size_t len = strcspn(at, ":");
		(void)snprintf(path, sizeof path, "%.*s/%s", len > 0 ? (int)len : 1,
				len > 0 ? at : ".", name);
		if (can_run(path)) {
			return true;
		}
		if (at[len] == '\0') {
			return false;
		}
		at += len + 1;
	}
}

static void check_command(struct doctor_findings *f, const struct words *command)
{
	const char *name = command->at[0];
	bool found = strchr(name, '/') != NULL ? can_run(name) : in_path(name);

	if (found) {
		doctor_find(f, CHECK, name, DOCTOR_OK, "the command is there");
	} else {
		doctor_find(f, CHECK, name, OUTPUT_COMMAND,
				strchr(name, '/') != NULL
						? "there is no such program to run"
						: "no folder of $PATH has such a program");
	}
}

/* ---- HAProxy ---------------------------------------------------------------------------- */

static void check_haproxy(struct doctor_findings *f, const struct output_settings *o)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	union {
		struct sockaddr_un *local;
		struct sockaddr *any;
	} address = { .local = &at };
	char ask[400], answer[400];

	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", o->socket);
	(void)snprintf(ask, sizeof ask, "show servers state %s\n", o->backend);
	if (waiting_ask(address.any, sizeof at, ask, "\n", answer, sizeof answer,
			    clock_now() + (double)o->timeout_ms / 1000.0) < 0) {
		doctor_find(f, CHECK, o->socket, OUTPUT_SOCKET, "HAProxy does not answer there: %s",
				strerror(errno));
	} else if (answer[0] >= '0' && answer[0] <= '9') {
		doctor_find(f, CHECK, o->socket, DOCTOR_OK, "HAProxy answers and has backend %s",
				o->backend);
	} else {
		answer[strcspn(answer, "\n")] = '\0';
		doctor_find(f, CHECK, o->socket, OUTPUT_BACKEND, "about backend %s it says: %s",
				o->backend, answer);
	}
}

void doctor_output_check(struct doctor_findings *f, const struct output_settings *output)
{
	switch (output->type) {
	case OUTPUT_JSON:
	case OUTPUT_ENVOY:
		check_file(f, output->path);
		break;
	case OUTPUT_NGINX:
		check_file(f, output->path);
		if (output->reload.n > 0) {
			check_command(f, &output->reload);
		}
		break;
	case OUTPUT_HAPROXY:
		check_haproxy(f, output);
		break;
	case OUTPUT_EXEC:
		check_command(f, &output->command);
		break;
	}
}
