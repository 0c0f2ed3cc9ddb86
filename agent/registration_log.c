/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/registration_log.h"

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/registration.h"

void registration_log_listed(const struct registration *r, const struct etcd_reply *reply)
{
	const struct descriptor *d = r->desc;
	char address[ENDPOINT_TEXT_MAX];
	struct log_field from =
			reply->took_over ? LOG_HEX("taken_over_from", reply->other) : LOG_END;

	endpoint_format(address, sizeof address, d->service.host, d->service.port);
	log_write(LOG_INFO, LOG_FIELDS(LOG_HEX("lease", r->lease), LOG_TOOK("ttl", r->ttl), from),
			"Service registered: %s at %s", d->service.name, address);
}

void registration_log_unlisted(const struct registration *r)
{
	const struct descriptor *d = r->desc;
	char address[ENDPOINT_TEXT_MAX];

	if (!r->listed) {
		return; /* a lease that never had the key */
	}
	endpoint_format(address, sizeof address, d->service.host, d->service.port);
	log_write(LOG_INFO, LOG_FIELDS(LOG_TOOK("after", clock_now() - r->asked_at)),
			"Service deregistered: %s at %s", d->service.name, address);
}

void registration_log_lost(const struct registration *r, const char *why, bool lapsed)
{
	double since = clock_now() - (r->sure_until - r->ttl);
	bool often = (r->lost & (r->lost + 1)) != 0; /* said at the first, second, fourth ... */

	log_write(lapsed || often ? LOG_DEBUG : LOG_WARN,
			LOG_FIELDS(LOG_STR("service", r->desc->service.name),
					LOG_HEX("lease", r->lease),
					LOG_TOOK("last_renewed_before", since), LOG_SAY(why)),
			"lease lost, registering again");
}

/* The key that etcd spoke of. */
static const char *key_of(const struct registration *r, const struct etcd_reply *reply)
{
	return reply->key != NULL ? reply->key : r->entries.at[0].key;
}

void registration_log_contested(const struct registration *r, const struct etcd_reply *reply)
{
	log_write(LOG_WARN,
			LOG_FIELDS(LOG_STR("service", r->desc->service.name),
					LOG_STR("key", key_of(r, reply)),
					LOG_HEX("its_lease", reply->other)),
			"another instance holds the key: standing by until it is gone");
}

static const char *activity(enum lease_state state)
{
	static const char *const names[N_LEASE_STATES] = {
		[LEASE_GRANTING] = "get a lease",
		[LEASE_PUTTING] = "put the key",
		[LEASE_RENEWING] = "renew the lease",
		[LEASE_VERIFYING] = "read the key back",
		[LEASE_REVOKING] = "revoke the lease",
	};

	return names[state];
}

void registration_log_unsure(const struct registration *r, const char *why)
{
	enum log_level level = (r->unsure & (r->unsure - 1)) == 0 ? LOG_WARN : LOG_DEBUG;

	log_write(level,
			LOG_FIELDS(LOG_STR("service", r->desc->service.name),
					LOG_INT("tries", r->unsure), LOG_SAY(why)),
			"cannot %s yet, trying again", activity(r->state));
}

void registration_log_detached(const struct registration *r, const struct etcd_reply *reply)
{
	log_write(LOG_WARN,
			LOG_FIELDS(LOG_STR("service", r->desc->service.name),
					LOG_STR("key", key_of(r, reply)), LOG_SAY(reply->why)),
			"key lost, putting it again");
}

void registration_log_answered(const struct registration *r)
{
	log_write(LOG_INFO,
			LOG_FIELDS(LOG_STR("service", r->desc->service.name),
					LOG_INT("tries", r->unsure)),
			"etcd answers again");
}
