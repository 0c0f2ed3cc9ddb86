/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor - the walk: descriptors, then each cluster that they name once, then
 * each descriptor on its own cluster. What makes no sense after an earlier
 * problem is said to be skipped, so that the first problem is the one to solve.
 */
#include "agent/doctor/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/descriptor_set.h"
#include "agent/descriptor/etcd_settings.h"
#include "agent/doctor/doctor_admin.h"
#include "agent/doctor/doctor_environment.h"
#include "agent/doctor/doctor_key.h"
#include "agent/doctor/doctor_outputs.h"
#include "agent/doctor/doctor_service.h"
#include "agent/needs.h"

#define CHECK_DESCRIPTOR "descriptor"

#define TEXT_MAX (1u << 20) /* bytes of a descriptor that are looked through for variables */

/* ---- descriptors ------------------------------------------------------------------------ */

static void say_problems(struct doctor_findings *f, const struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++) {
		const struct problem *p = &problems->at[i];
		doctor_find(f, CHECK_DESCRIPTOR, "",
				p->warning ? DESCRIPTOR_DOUBTFUL : DESCRIPTOR_BAD, "%s", p->text);
	}
}

static void look_for_variables(
		struct doctor_findings *f, const char *path, struct doctor_variables *all)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, TEXT_MAX);

	if (file != NULL && text != NULL && fread(text, 1, TEXT_MAX - 1, file) > 0) {
		doctor_environment(f, path, text, all);
	}
	free(text);
	if (file != NULL) {
		(void)fclose(file);
	}
}

static void say_descriptors(struct doctor_findings *f, const struct descriptor_set *set)
{
	struct doctor_variables all = { 0 };

	for (size_t i = 0; i < set->n; i++) {
		const struct descriptor *desc = &set->at[i];
		if (desc->discover.on) {
			doctor_find(f, CHECK_DESCRIPTOR, desc->file, DOCTOR_OK,
					"it reads %zu service%s", desc->discover.n_services,
					desc->discover.n_services == 1 ? "" : "s");
		} else {
			char address[ENDPOINT_TEXT_MAX];
			endpoint_format(address, sizeof address, desc->service.host,
					desc->service.port);
			doctor_find(f, CHECK_DESCRIPTOR, desc->file, DOCTOR_OK,
					"it registers %s at %s", desc->service.name, address);
		}
		look_for_variables(f, desc->file, &all);
		all.registers = all.registers || !desc->discover.on;
	}
	doctor_environment_unused(f, &all);
}

/* ---- one descriptor --------------------------------------------------------------------- */

static void check_service(
		struct doctor *d, const struct doctor_cluster *c, const struct descriptor *desc)
{
	struct entries entries;

	if (entries_init(&entries, desc) < 0) {
		d->findings.lost = true;
		return;
	}
	(void)doctor_user_may_write(d, c, &entries);
	bool well = doctor_service_check(d, desc);
	doctor_key_check(d, c, desc, &entries, well);
	doctor_prefix_check(d, c, desc->registry.formats.at[0], desc->registry.prefix,
			desc->service.name, &entries);
	entries_finish(&entries);
}

static void check_reader(
		struct doctor *d, const struct doctor_cluster *c, const struct descriptor *desc)
{
	for (size_t i = 0; i < desc->discover.n_services; i++) {
		const struct discover_service *service = &desc->discover.services[i];
		doctor_prefix_check(d, c, desc->discover.format, desc->discover.prefix,
				service->name, NULL);
		for (size_t k = 0; k < service->n_outputs; k++) {
			doctor_output_check(&d->findings, &service->outputs[k]);
		}
	}
}

static void check_admin(struct doctor *d, const struct descriptor_set *set)
{
	const struct target *listen = descriptor_set_admin(set);

	if (listen != NULL) {
		doctor_admin_check(&d->findings, listen);
	}
}

/* ---- the walk --------------------------------------------------------------------------- */

/* The cluster that these settings lead to: looked at before, or now. NULL without memory. */
static const struct doctor_cluster *cluster_of(struct doctor *d, struct doctor_cluster *clusters,
		size_t *n, const struct etcd_settings *settings)
{
	for (size_t i = 0; i < *n; i++) {
		if (etcd_settings_equal(clusters[i].settings, settings)) {
			return &clusters[i];
		}
	}
	struct doctor_cluster *c = &clusters[*n];
	c->settings = settings;
	(*n)++;
	if (doctor_cluster_check(d, c) < 0) {
		return NULL;
	}
	doctor_user_check(d, c);
	return c;
}

static void walk(struct doctor *d, const struct descriptor_set *set)
{
	struct doctor_cluster *clusters = calloc(set->n, sizeof *clusters);
	size_t n = 0;

	d->findings.lost = clusters == NULL;
	for (size_t i = 0; clusters != NULL && i < set->n; i++) {
		const struct descriptor *desc = &set->at[i];
		const struct doctor_cluster *c = cluster_of(d, clusters, &n, &desc->etcd);
		if (c == NULL) {
			d->findings.lost = true;
			break;
		}
		if (desc->discover.on) {
			check_reader(d, c, desc);
		} else {
			check_service(d, c, desc);
		}
	}
	for (size_t i = 0; i < n; i++) {
		doctor_cluster_finish(&clusters[i]);
	}
	free(clusters);
	check_admin(d, set);
}

/* -1 with *err filled: there is no walking without a library that the descriptors need. */
static int load_and_walk(struct doctor *d, const struct doctor_options *o, struct err *err)
{
	struct problems problems = { 0 };
	struct descriptor_set set;
	int loaded = descriptor_set_load(&set, o->configs, o->n_configs, &problems);
	int result = 0;

	say_problems(&d->findings, &problems);
	if (loaded == 0) {
		say_descriptors(&d->findings, &set);
		result = needs_load_all(&set, err);
		if (result == 0) {
			walk(d, &set);
		}
		descriptor_set_finish(&set);
	} else if (problems.lack.code != ERR_NONE) {
		*err = problems.lack;
		result = -1;
	} else {
		doctor_find(&d->findings, "etcd", "", DOCTOR_SKIPPED,
				"the descriptors come first, all the rest follows from them");
	}
	problems_finish(&problems);
	return result;
}

static enum exit_code conclude(
		const struct doctor *d, const struct doctor_options *o, struct err *err)
{
	const struct doctor_findings *f = &d->findings;

	if (o->json && !f->lost && doctor_findings_json(f, o->out) == 0) {
		return doctor_findings_count(f, 0, DOCTOR_LEVEL_PROBLEM) > 0 ? EXIT_NO : EXIT_DONE;
	}
	if (o->json || f->lost) {
		(void)err_set(err, ERR_SYSTEM, "out of memory");
		return EXIT_INTERNAL;
	}
	doctor_findings_sum(f, o->out);
	return doctor_findings_count(f, 0, DOCTOR_LEVEL_PROBLEM) > 0 ? EXIT_NO : EXIT_DONE;
}

enum exit_code doctor_run(const struct doctor_options *o, struct err *err)
{
	struct doctor d = { .findings = { .colour = o->colour, .out = o->json ? NULL : o->out } };
	enum exit_code code = EXIT_INTERNAL;

	if (doctor_open(&d, err) == 0) {
		code = load_and_walk(&d, o, err) < 0 ? EXIT_INTERNAL : conclude(&d, o, err);
	}
	doctor_close(&d);
	return code;
}
