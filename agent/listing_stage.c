/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/listing_stage.h"

#include "agent/log.h"
#include "agent/util.h"

static void on_notice(struct etcd *etcd, const char *sentence)
{
	UNUSED(etcd);
	log_write(LOG_WARN, NULL, "%s", sentence);
}

static void on_made(const struct etcd_settings *settings)
{
	UNUSED(settings); /* whoever runs a command knows whom it asks */
}

int listing_stage_open(
		struct listing_stage *s, const struct etcd_settings *settings, struct err *err)
{
	random_init(&s->random);
	s->loop = ev_default_loop(EVFLAG_AUTO);
	if (s->loop == NULL) {
		return err_set(err, ERR_SYSTEM, "the event loop cannot be made");
	}
	clusters_init(&s->clusters, s->loop, &s->random, NULL, on_notice, on_made);
	s->cluster = clusters_take(&s->clusters, settings, err);
	return s->cluster == NULL ? -1 : 0;
}

void listing_stage_close(struct listing_stage *s)
{
	cluster_release(s->cluster);
	s->cluster = NULL;
	if (s->loop != NULL) {
		ev_loop_destroy(s->loop);
		s->loop = NULL;
	}
}
