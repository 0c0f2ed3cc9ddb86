/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/tls_shelf.h"

#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/tls_context.h"
#include "agent/util.h"

#define RETRY_INTERVAL 1.0 /* seconds */
#define NEVER          (-1e9)

const struct tls_words tls_words_probe = { .section = "probe.tls", .asker = "probe.tls" };
const struct tls_words tls_words_etcd = { .section = "etcd.tls", .asker = "https:// or etcd.tls" };

static struct tls_material *find(const struct tls_shelf *shelf, const struct tls_settings *settings)
{
	for (struct list *link = shelf->materials; link != NULL; link = link->next) {
		struct tls_material *m = CONTAINER_OF(link, struct tls_material, link);
		if (tls_settings_alike(&m->settings, settings)) {
			return m;
		}
	}
	return NULL;
}

struct tls_material *tls_shelf_take(struct tls_shelf *shelf, const struct tls_settings *settings)
{
	struct tls_material *m = find(shelf, settings);

	if (m == NULL) {
		m = calloc(1, sizeof *m);
		if (m == NULL || tls_settings_copy(&m->settings, settings) < 0) {
			free(m);
			return NULL;
		}
		m->words = shelf->words != NULL ? shelf->words : &tls_words_probe;
		m->stale = true;
		m->tried_at = NEVER;
		list_add(&shelf->materials, &m->link);
	}
	m->users++;
	return m;
}

void tls_material_release(struct tls_material *m)
{
	if (m == NULL || --m->users > 0) {
		return;
	}
	if (m->link.at != NULL) {
		list_remove(&m->link);
	}
	tls_context_free(m->context);
	tls_settings_finish(&m->settings);
	free(m);
}

void tls_shelf_finish(struct tls_shelf *shelf)
{
	while (shelf->materials != NULL) {
		list_remove(shelf->materials);
	}
}

/* What is on disk counts as known before it is read: a change meanwhile is seen next time. */
static void read_files(struct tls_material *m)
{
	m->tried_at = clock_now();
	tls_files_init(&m->files, &m->settings);
	struct ssl_ctx_st *context = tls_context_make(
			&m->settings, m->words->section, m->trouble, sizeof m->trouble);
	if (context == NULL) {
		return;
	}
	tls_context_free(m->context);
	m->context = context;
	m->edition++;
	m->stale = false;
	m->trouble[0] = '\0';
	m->told = false;
}

void tls_material_look(struct tls_material *m)
{
	if (!m->stale) {
		m->stale = tls_files_changed(&m->files);
	}
	if (m->stale && clock_now() - m->tried_at >= RETRY_INTERVAL) {
		read_files(m);
	}
}

const char *tls_material_news(struct tls_material *m)
{
	if (m->context == NULL || m->trouble[0] == '\0' || m->told) {
		return NULL;
	}
	m->told = true;
	return m->trouble;
}
