/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_LISTING_H
#define AGENT_LISTING_H

/* listing - the commands `list` and `watch`: what is registered, now and from now on. */

#include <stddef.h>
#include <stdio.h>

#include "agent/descriptor/descriptor.h"
#include "agent/err.h"
#include "agent/exit_code.h"
#include "agent/format.h"
#include "agent/listing_text.h"

/* All borrowed. */
struct listing {
	const struct etcd_settings *etcd;
	const char *prefix; /* the first part of the keys */
	enum format format;
	const char *const *services;
	size_t n_services; /* 0: all under the prefix */
	enum listing_style style;
	FILE *out;
};

/*
 * Prints the instances. EXIT_DONE; EXIT_NO when there is none; EXIT_AWAY when
 * etcd gave no answer; EXIT_USAGE when the format has no prefix of all
 * services; EXIT_INTERNAL. *err says why, except for EXIT_DONE.
 */
enum exit_code listing_now(const struct listing *l, struct err *err);

/*
 * Prints the instances of at least one service, then each change, until a
 * signal or until nobody reads any more. Trouble with etcd is logged.
 */
enum exit_code listing_follow(const struct listing *l, struct err *err);

#endif
