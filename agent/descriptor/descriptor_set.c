/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/descriptor_set.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/descriptor/discover.h"
#include "agent/entries.h"
#include "agent/util.h"

static void load_file(struct descriptor_set *set, const char *path, struct problems *problems)
{
	struct descriptor *grown = realloc(set->at, (set->n + 1) * sizeof *grown);

	if (grown == NULL) {
		problems_lack(problems, "out of memory");
		return;
	}
	set->at = grown;
	if (descriptor_load(&set->at[set->n], path, problems) == 0) {
		set->n++;
	}
}

static int is_yaml(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".yaml") == 0;
}

static void load_folder(struct descriptor_set *set, const char *folder, struct problems *problems)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, is_yaml, alphasort);

	if (n < 0) {
		problems_unread(problems, folder, errno);
		return;
	}
	if (n == 0) {
		problems_add(problems, false, folder, 0, 0, NULL,
				"the folder has no file that ends in .yaml");
	}
	for (int i = 0; i < n; i++) {
		char *path;
		if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0) {
			problems_lack(problems, "out of memory");
		} else {
			load_file(set, path, problems);
			free(path);
		}
		free(entries[i]);
	}
	free(entries);
}

static void load_path(struct descriptor_set *set, const char *path, struct problems *problems)
{
	struct stat info;

	if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
		load_folder(set, path, problems);
	} else {
		load_file(set, path, problems); /* it says what is wrong with the file */
	}
}

/* A key and whose it is, to find the ones that are claimed twice. */
struct claim {
	const char *key; /* of `entries` below */
	const struct descriptor *desc;
};

struct claims {
	struct entries *entries; /* owned, of each descriptor */
	size_t n_entries;
	struct claim *at; /* owned */
	size_t n;
};

static int by_key(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order != 0 ? order : (x->desc > y->desc) - (x->desc < y->desc);
}

static void finish_claims(struct claims *c)
{
	for (size_t i = 0; i < c->n_entries; i++) {
		entries_finish(&c->entries[i]);
	}
	free(c->entries);
	free(c->at);
}

/* All that is registered, in the order of the keys. 0, or -1 without memory. */
static int list_claims(struct claims *c, const struct descriptor_set *set)
{
	*c = (struct claims){
		.entries = calloc(set->n + 1, sizeof *c->entries),
		.at = calloc(set->n * N_FORMATS + 1, sizeof *c->at),
	};
	if (c->entries == NULL || c->at == NULL) {
		return -1;
	}
	for (; c->n_entries < set->n; c->n_entries++) {
		struct entries *e = &c->entries[c->n_entries];
		if (entries_init(e, &set->at[c->n_entries]) < 0) {
			return -1;
		}
		for (size_t i = 0; i < e->n; i++) {
			c->at[c->n++] = (struct claim){ e->at[i].key, &set->at[c->n_entries] };
		}
	}
	qsort(c->at, c->n, sizeof *c->at, by_key);
	return 0;
}

static void check_keys(const struct descriptor_set *set, struct problems *problems)
{
	struct claims claims;

	if (list_claims(&claims, set) < 0) {
		problems_lack(problems, "out of memory");
	}
	for (size_t i = 1; i < claims.n; i++) {
		const struct claim *claim = &claims.at[i], *first = claim - 1;
		if (strcmp(claim->key, first->key) == 0) {
			problems_add(problems, false, claim->desc->file, 0, 0, NULL,
					"registers the key %s, which %s registers already",
					claim->key, first->desc->file);
		}
	}
	finish_claims(&claims);
}

/* An output that has a place, and whose it is. */
struct writer {
	const struct output_settings *output;
	const struct descriptor *desc;
};

static int by_place(const void *a, const void *b)
{
	const struct writer *x = a, *y = b;
	int order = discover_compare_places(x->output, y->output);

	return order != 0 ? order : (x->desc > y->desc) - (x->desc < y->desc);
}

/* Stores those of one reader at `to`, unless that is NULL; returns how many there are. */
static size_t list_writers(const struct descriptor *desc, struct writer *to)
{
	size_t n = 0;

	for (size_t i = 0; i < desc->discover.n_services; i++) {
		const struct discover_service *service = &desc->discover.services[i];
		for (size_t k = 0; k < service->n_outputs; k++) {
			if (!discover_has_place(&service->outputs[k])) {
				continue;
			}
			if (to != NULL) {
				to[n] = (struct writer){ &service->outputs[k], desc };
			}
			n++;
		}
	}
	return n;
}

static void refuse_writer(
		const struct writer *w, const struct writer *first, struct problems *problems)
{
	char place[160];

	discover_name_place(w->output, place, sizeof place);
	problems_add(problems, false, w->desc->file, 0, 0, NULL,
			"writes %s, which %s writes already", place, first->desc->file);
}

/* Within one descriptor no place is there twice. */
static void check_places(const struct descriptor_set *set, struct problems *problems)
{
	size_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		n += list_writers(&set->at[i], NULL);
	}
	struct writer *writers = calloc(n + 1, sizeof *writers);
	if (writers == NULL) {
		problems_lack(problems, "out of memory");
		return;
	}
	n = 0;
	for (size_t i = 0; i < set->n; i++) {
		n += list_writers(&set->at[i], writers + n);
	}
	qsort(writers, n, sizeof *writers, by_place);
	for (size_t i = 1; i < n; i++) {
		if (discover_compare_places(writers[i].output, writers[i - 1].output) == 0) {
			refuse_writer(&writers[i], &writers[i - 1], problems);
		}
	}
	free(writers);
}

/* There is one log for all of them. */
static void check_logs(const struct descriptor_set *set, struct problems *problems)
{
	for (size_t i = 1; i < set->n; i++) {
		if (set->at[i].log.level != set->at[0].log.level ||
				set->at[i].log.format != set->at[0].log.format) {
			problems_add(problems, true, set->at[i].file, 0, 0, "log",
					"differs from %s, whose log section counts for the whole agent",
					set->at[0].file);
		}
	}
}

const struct target *descriptor_set_admin(const struct descriptor_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		if (target_is_set(&set->at[i].admin.listen)) {
			return &set->at[i].admin.listen;
		}
	}
	return NULL;
}

/* ... and one address where it answers. */
static void check_admins(const struct descriptor_set *set, struct problems *problems)
{
	const struct target *first = descriptor_set_admin(set);

	for (size_t i = 0; first != NULL && i < set->n; i++) {
		const struct target *own = &set->at[i].admin.listen;
		if (target_is_set(own) && !target_equal(own, first)) {
			char address[TARGET_TEXT_MAX];
			target_format(address, sizeof address, first);
			problems_add(problems, true, set->at[i].file, 0, 0, "admin.listen",
					"is passed over: the agent listens on %s, as the first "
					"descriptor that has this key says",
					address);
		}
	}
}

int descriptor_set_load(struct descriptor_set *set, const char *const *paths, size_t n_paths,
		struct problems *problems)
{
	memset(set, 0, sizeof *set);
	for (size_t i = 0; i < n_paths; i++) {
		load_path(set, paths[i], problems);
	}
	if (problems->n_errors == 0) {
		check_keys(set, problems);
		check_places(set, problems);
		check_logs(set, problems);
		check_admins(set, problems);
	}
	if (problems->n_errors > 0) {
		descriptor_set_finish(set);
		return -1;
	}
	return 0;
}

void descriptor_set_finish(struct descriptor_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		descriptor_finish(&set->at[i]);
	}
	free(set->at);
	memset(set, 0, sizeof *set);
}
