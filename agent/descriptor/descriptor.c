/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descriptor - from a file to a complete struct.
 *
 * The file is read into a tree, the tree is walked in the file's order, and
 * each key that the schema knows is set. Then the keys that were not there get
 * their defaults, which are read just as if the user had written them. Nothing
 * stops at a first problem: all are collected, and put in the order of the
 * file at the end.
 */
#include "agent/descriptor/descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/descriptor/discover.h"
#include "agent/descriptor/field.h"
#include "agent/descriptor/mapping.h"
#include "agent/descriptor/probe_keys.h"
#include "agent/descriptor/problems.h"
#include "agent/descriptor/rules.h"
#include "agent/descriptor/schema.h"
#include "agent/descriptor/yaml.h"
#include "agent/regular_file.h"
#include "agent/wiping.h"

/* The schema has fewer keys; tests hold this. */
#define KEYS_MAX 96

struct loading {
	struct descriptor *d;
	struct field_source from;
	const struct yaml_node *root;
	const struct schema_row *rows; /* the schema */
	size_t n_rows;
	const struct yaml_node *set[KEYS_MAX];      /* what the file has for each row, or NULL */
	const struct yaml_node *sections[KEYS_MAX]; /* the section each row is in, or NULL */
};

static const char *environment(const char *name)
{
	return getenv(name);
}

/* What is right here depends on other keys: whether TLS is on, which type the probe has. */
static bool waits(const struct schema_row *row)
{
	return row->kind == SCHEMA_ENDPOINTS || row->kind == SCHEMA_HEADERS;
}

/* A key with a value. */
static void read_value(struct loading *l, const struct schema_row *row, struct yaml_node *node)
{
	l->set[row - l->rows] = node;
	if (!waits(row)) {
		mapping_read(l->d, row, node, &l->from);
	}
}

static void read_part(struct loading *l, const struct schema_row *part, struct yaml_node *node)
{
	if (!mapping_has_keys(&l->from, node)) {
		return;
	}
	read_value(l, part, node);
	for (size_t i = 0; i < node->n; i++) {
		const struct schema_row *row = mapping_row(&l->from, node->items[i]);
		if (row != NULL) {
			read_value(l, row, node->items[i]);
		}
	}
}

static void read_key(struct loading *l, struct yaml_node *node)
{
	const struct schema_row *row = mapping_row(&l->from, node);
	if (row != NULL && row->kind == SCHEMA_PART) {
		read_part(l, row, node);
	} else if (row != NULL) {
		read_value(l, row, node);
	}
}

/* Remembers where a missing key of the section would belong. */
static void note_section(struct loading *l, const struct yaml_node *section)
{
	size_t len = strlen(section->key);
	for (size_t i = 0; i < l->n_rows; i++) {
		const char *path = l->rows[i].path;
		if (strncmp(path, section->key, len) == 0 && path[len] == '.') {
			l->sections[i] = section;
		}
	}
}

static void read_section(struct loading *l, const struct yaml_node *section)
{
	if (!schema_is_section(section->key)) {
		mapping_refuse_key(&l->from, section);
		return;
	}
	note_section(l, section);
	if (!mapping_has_keys(&l->from, section)) {
		return;
	}
	for (size_t i = 0; i < section->n; i++) {
		read_key(l, section->items[i]);
	}
}

/* A reader has no section with anything in it that registers. */
static void check_sides(struct loading *l)
{
	const struct yaml_node *discover = yaml_member(l->root, "discover");
	for (size_t i = 0; discover != NULL && i < l->root->n; i++) {
		const struct yaml_node *section = l->root->items[i];
		if (schema_is_section(section->key) && !yaml_is_nothing(section) &&
				schema_side_of(section->key) == SCHEMA_REGISTERS) {
			problems_add(l->from.problems, false, l->from.file, discover->key_line,
					discover->key_column, "discover",
					"cannot stand beside %s: a descriptor reads or registers, "
					"so use two files (--config may be given several times)",
					section->key);
			return;
		}
	}
}

/* ---- what the file does not have ------------------------------------------------- */

static void refuse_missing(struct loading *l, size_t i)
{
	const struct yaml_node *section = l->sections[i];
	bool there = section != NULL;
	if (there && (section->refused ||
				     (section->kind != YAML_MAP && !yaml_is_nothing(section)))) {
		return; /* the section itself is wrong, which says it all */
	}
	problems_add(l->from.problems, false, l->from.file,
			there ? section->key_line : l->root->line,
			there ? section->key_column : l->root->column, l->rows[i].path,
			"is required");
}

/* One endpoint that says https:// is as good as the section. */
static void complete_tls(struct etcd_settings *etcd)
{
	for (size_t i = 0; i < etcd->endpoints.n; i++) {
		etcd->tls.on = etcd->tls.on || etcd->endpoints.at[i].tls;
	}
}

/* True for a key of a section that is there, or that a descriptor of this kind has. */
static bool is_wanted(const struct loading *l, size_t i)
{
	enum schema_side side = schema_side_of(l->rows[i].path);
	bool reads = l->d->discover.on;
	bool there = l->sections[i] != NULL && !yaml_is_nothing(l->sections[i]);
	return there || side == SCHEMA_BOTH || reads == (side == SCHEMA_READS);
}

static void complete_keys(struct loading *l)
{
	l->from.tls = l->d->etcd.tls.on;
	l->from.http = l->d->probe.type == PROBE_HTTP;
	for (size_t i = 0; i < l->n_rows; i++) {
		const struct schema_row *row = &l->rows[i];
		if (!schema_is_in(row, NULL) || !is_wanted(l, i)) {
			continue;
		}
		if (l->set[i] != NULL && waits(row)) {
			field_set(l->d, row, l->set[i], &l->from);
		} else if (l->set[i] != NULL) {
			continue;
		} else if (row->need == SCHEMA_REQUIRED) {
			refuse_missing(l, i);
		} else if (row->fallback != NULL) {
			mapping_set_default(l->d, row, &l->from);
		}
	}
}

/* What follows from other keys. */
static void complete(struct loading *l)
{
	complete_keys(l);
	complete_tls(&l->d->etcd);
	if (l->d->discover.on) {
		const struct yaml_node *services =
				l->set[schema_find("discover.services") - l->rows];
		if (services != NULL) {
			discover_complete(l->d, services, &l->from);
		}
		return;
	}
	const struct yaml_node *probe = yaml_member(l->root, "probe");
	if (probe != NULL && probe->kind == YAML_MAP && !probe->refused) {
		probe_keys_check(l->d, probe, &l->from);
	}
	struct target *target = &l->d->probe.target;
	if (!target_is_set(target)) {
		snprintf(target->inet.host, sizeof(target->inet.host), "localhost");
		target->inet.port = (uint16_t)l->d->service.port;
	}
}

static void apply_rules(struct loading *l)
{
	size_t n;
	const struct rule *rules = rules_all(&n);
	for (size_t i = 0; i < n; i++) {
		char sentence[200];
		const struct yaml_node *node = l->set[schema_find(rules[i].key) - l->rows];
		if (node != NULL && rules[i].broken(l->d, sentence, sizeof(sentence))) {
			problems_add(l->from.problems, rules[i].warning, l->from.file, node->line,
					node->column, rules[i].key, "%s", sentence);
		}
	}
}

/* ---- all of it ------------------------------------------------------------------- */

static void read_tree(struct loading *l)
{
	if (l->root->kind != YAML_MAP) {
		field_refuse(&l->from, l->root, NULL,
				"a descriptor is a mapping of sections, not %s",
				yaml_kind_name(l->root->kind));
		return;
	}
	l->d->discover.on = yaml_member(l->root, "discover") != NULL;
	for (size_t i = 0; i < l->root->n; i++) {
		read_section(l, l->root->items[i]);
	}
	check_sides(l);
	complete(l);
}

static void parse(struct descriptor *d, const char *file, const char *text, size_t len,
		struct problems *problems)
{
	struct loading l = { .d = d };
	size_t n_errors = problems->n_errors;
	struct yaml_node *root = yaml_parse(file, text, len, problems);
	l.from = (struct field_source){ .file = file, .lookup = environment, .problems = problems };
	l.root = root;
	l.rows = schema_rows(&l.n_rows);
	if (root != NULL) {
		read_tree(&l);
		if (problems->n_errors == n_errors) {
			apply_rules(&l);
		}
		if (d->discover.on) {
			d->shutdown.linger_ms = 0; /* there is nothing to wait for */
		}
	}
	yaml_destroy(root);
}

int descriptor_parse(struct descriptor *d, const char *file, const char *text, size_t len,
		struct problems *problems)
{
	size_t n_errors = problems->n_errors, first = problems->n;
	*d = (struct descriptor){ .file = strdup(file) };
	if (d->file == NULL) {
		problems_lack(problems, "out of memory");
	} else {
		parse(d, file, text, len, problems);
	}
	problems_sort(problems, first);
	if (problems->n_errors != n_errors) {
		descriptor_finish(d);
		return -1;
	}
	return 0;
}

/* A pipe that nobody writes to must stop neither a start nor a running agent. */
static ssize_t read_file(const char *file, char *text, size_t max)
{
	struct stat st;
	int fd = regular_file_open(file, &st);

	if (fd < 0) {
		return -1;
	}
	ssize_t len = regular_file_read(fd, text, max);
	int why = errno;
	(void)close(fd);
	errno = why;
	return len;
}

int descriptor_load(struct descriptor *d, const char *file, struct problems *problems)
{
	*d = (struct descriptor){ 0 };
	size_t max = YAML_SIZE_MAX + 1; /* one more, so that a file too large shows */
	char *text = malloc(max);
	ssize_t len = text == NULL ? -1 : read_file(file, text, max);
	int result = -1;
	if (len < 0 && text != NULL && errno == ENOTSUP) {
		problems_add(problems, false, file, 0, 0, NULL,
				"is not a regular file, which can be read again");
	} else if (len < 0) {
		problems_unread(problems, file, text == NULL ? ENOMEM : errno);
	} else {
		result = descriptor_parse(d, file, text, (size_t)len, problems);
	}
	if (text != NULL && len > 0) {
		explicit_bzero(text, (size_t)len); /* a password may stand in it */
	}
	free(text);
	if (result < 0 || d->etcd.password[0] != '\0') {
		wiping_stack();
	}
	return result;
}

void descriptor_finish(struct descriptor *d)
{
	size_t n;
	const struct schema_row *rows = schema_rows(&n);
	for (size_t i = 0; i < n; i++) {
		if (schema_is_in(&rows[i], NULL)) {
			field_finish(d, &rows[i]);
		}
	}
	free(d->file);
	*d = (struct descriptor){ 0 };
}
