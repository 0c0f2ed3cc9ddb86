/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/doctor/doctor_environment.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "agent/util.h"

#define CHECK     "environment"
#define NAMES_MAX 32
#define NAME_SIZE 64
#define SHOWN_MAX 700

/* What the shipped descriptors honour: who sets one of these expects it to count. */
static const struct {
	const char *name;
	bool of_service; /* a reader has no use for it */
} usual[] = {
	{ "SERVICE_NAME", true },
	{ "SERVICE_HOST", true },
	{ "GRPC_PORT", true },
	{ "ETCD_HOSTS", false },
};

struct names {
	char at[NAMES_MAX][NAME_SIZE];
	size_t n;
	bool endpoints; /* the key `endpoints` is there: the default $ETCD_HOSTS does not count */
};

static bool holds(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (strcmp(names->at[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static void add(struct names *names, const char *from, size_t len)
{
	char name[NAME_SIZE];

	if (len == 0 || len >= sizeof name || names->n == NAMES_MAX) {
		return;
	}
	memcpy(name, from, len);
	name[len] = '\0';
	if (!holds(names, name)) {
		memcpy(names->at[names->n++], name, len + 1);
	}
}

static size_t name_len(const char *at)
{
	size_t n = 0;

	while (isalnum((unsigned char)at[n]) || at[n] == '_') {
		n++;
	}
	return n;
}

/* True where a comment begins: YAML wants a blank before it. */
static bool begins_comment(const char *text, const char *at)
{
	return *at == '#' && (at == text || isspace((unsigned char)at[-1]));
}

static void scan(struct names *names, const char *text)
{
	static const char key[] = "endpoints:";

	for (const char *at = text; *at != '\0'; at++) {
		if (begins_comment(text, at)) {
			at += strcspn(at, "\n");
			if (*at == '\0') {
				return;
			}
		} else if (strncmp(at, "$${", 3) == 0) {
			at += 2; /* it is meant as it stands */
		} else if (strncmp(at, "${", 2) == 0) {
			add(names, at + 2, name_len(at + 2));
		} else if (strncmp(at, key, sizeof key - 1) == 0) {
			names->endpoints = true;
		}
	}
}

static void list_names(const struct names *names, bool set, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < names->n && len < size; i++) {
		const char *value = getenv(names->at[i]);
		if ((value != NULL) == set) {
			len += (size_t)snprintf(out + len, size - len, "%s%s%s",
					len > 0 ? ", " : "", names->at[i],
					set && value[0] == '\0' ? " (empty)" : "");
		}
	}
}

static void say_names(struct doctor_findings *f, const char *file, const struct names *names)
{
	char set[SHOWN_MAX / 2], unset[SHOWN_MAX / 2];

	list_names(names, true, set, sizeof set);
	list_names(names, false, unset, sizeof unset);
	if (names->n == 0) {
		doctor_find(f, CHECK, file, DOCTOR_OK, "it uses no variables");
		return;
	}
	doctor_find(f, CHECK, file, DOCTOR_OK, "%s%s%s%s%s", set[0] != '\0' ? "set: " : "", set,
			set[0] != '\0' && unset[0] != '\0' ? "; " : "",
			unset[0] != '\0' ? "not set, so that the default counts: " : "", unset);
}

void doctor_environment(struct doctor_findings *f, const char *file, const char *text,
		struct doctor_variables *all)
{
	struct names names = { .n = 0 };

	scan(&names, text);
	if (!names.endpoints) {
		add(&names, "ETCD_HOSTS", sizeof "ETCD_HOSTS" - 1);
	}
	say_names(f, file, &names);
	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		all->used |= holds(&names, usual[i].name) ? 1u << i : 0;
	}
}

void doctor_environment_unused(struct doctor_findings *f, const struct doctor_variables *all)
{
	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		bool counts = all->registers || !usual[i].of_service;
		if (counts && getenv(usual[i].name) != NULL && (all->used & 1u << i) == 0) {
			doctor_find(f, CHECK, "", ENVIRONMENT_UNUSED,
					"%s is set, but no descriptor uses it", usual[i].name);
		}
	}
}
