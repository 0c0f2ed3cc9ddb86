/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/answering.h"

#include "agent/log.h"

int answering_open(struct answering *a, const struct target *listen, struct err *err)
{
	char name[TARGET_TEXT_MAX];

	answering_finish(a);
	a->listen = (struct target){ 0 };
	if (listen == NULL) {
		return 0;
	}
	a->admin = admin_create(a->loop, listen, a->host, err);
	if (a->admin == NULL) {
		return -1;
	}
	a->listen = *listen;
	target_format(name, sizeof name, listen);
	log_write(LOG_INFO, LOG_FIELDS(LOG_STR("listen", name)), "answering about the agent");
	return 0;
}

void answering_move(struct answering *a, const struct target *listen)
{
	struct target before = a->listen;
	struct err err, again;

	if (target_equal(&before, listen != NULL ? listen : &(struct target){ 0 })) {
		return;
	}
	if (answering_open(a, listen, &err) < 0) {
		log_write(LOG_ERROR, NULL, "cannot answer about the agent at the new address: %s",
				err.text);
		if (answering_open(a, target_is_set(&before) ? &before : NULL, &again) < 0) {
			log_write(LOG_ERROR, NULL,
					"cannot answer about the agent at the old address any "
					"more: %s",
					again.text);
		}
	}
}

void answering_finish(struct answering *a)
{
	admin_destroy(a->admin);
	a->admin = NULL;
}
