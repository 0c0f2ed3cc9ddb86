/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/known.h"

#include <stdlib.h>
#include <string.h>

#include "agent/net/etcd_read_codec.h"
#include "agent/patient.h"

size_t known_count(const struct known *k)
{
	return k->live.n + k->broken.n;
}

char *known_key(const struct etcd_kv *kv)
{
	char *text = malloc(kv->key_len + 1);

	if (text == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < kv->key_len; i++) {
		text[i] = kv->key[i] != '\0' ? kv->key[i] : '?';
	}
	text[kv->key_len] = '\0';
	return text;
}

/*
 * What a key is kept by: itself. One with a NUL begins with a sign that no prefix begins with,
 * and has signs for its NULs: or it might be taken for another, and they are counted.
 */
static char *name_of(const struct etcd_kv *kv)
{
	bool odd = memchr(kv->key, '\0', kv->key_len) != NULL;
	char *name = patient_get(NULL, 2 * kv->key_len + 2), *to = name;

	if (name == NULL) {
		return NULL;
	}
	if (odd) {
		*to++ = '\1';
	}
	for (size_t i = 0; i < kv->key_len; i++) {
		bool sign = odd && (kv->key[i] == '\0' || kv->key[i] == '\1');
		if (sign) {
			*to++ = '\1';
		}
		*to++ = sign ? (char)(kv->key[i] + 1) : kv->key[i];
	}
	*to = '\0';
	return name;
}

static void stamp(struct instance *instance, const struct etcd_kv *kv)
{
	instance->lease = kv->lease;
	instance->create_revision = kv->create_revision;
	instance->mod_revision = kv->mod_revision;
}

static struct known_put failed(struct err *err, const char *why)
{
	(void)err_set(err, ERR_SYSTEM, "%s", why);
	return (struct known_put){ .failed = true };
}

static struct known_put put_good(
		struct known *k, const char *key, struct instance *instance, struct err *err)
{
	const struct instance *old = instances_find(&k->live, key);
	struct known_put done = { .changed = old == NULL || !instance_same(old, instance) };

	(void)instances_remove(&k->broken, key);
	return instances_put(&k->live, instance) < 0 ? failed(err, "out of memory") : done;
}

static struct known_put put_broken(struct known *k, const struct known *before, const char *key,
		const struct etcd_kv *kv, struct err *err)
{
	const struct instance *known = instances_find(&before->broken, key);
	struct known_put done = {
		.skipped = known == NULL || known->mod_revision != kv->mod_revision,
		.changed = instances_remove(&k->live, key),
	};
	struct instance *mark = instance_make(key, "", 0, "", "");

	if (mark == NULL) {
		return failed(err, "out of memory");
	}
	stamp(mark, kv);
	if (instances_put(&k->broken, mark) < 0) {
		done = failed(err, "out of memory");
	}
	instance_unref(mark);
	return done;
}

/* NULL with *err filled when it is none. */
static struct instance *read_instance(
		enum format format, const char *key, const struct etcd_kv *kv, struct err *err)
{
	if (memchr(kv->key, '\0', kv->key_len) != NULL) {
		(void)err_set(err, ERR_SYNTAX, "the key holds a NUL");
		return NULL;
	}
	return format_read(format, key, kv->value, kv->value_len, err);
}

struct known_put known_put(struct known *k, const struct known *before, enum format format,
		const struct etcd_kv *kv, struct err *err)
{
	struct known_put done;
	char *key = name_of(kv);

	if (key == NULL) {
		return failed(err, "out of memory");
	}
	struct instance *instance = read_instance(format, key, kv, err);
	if (instance != NULL) {
		stamp(instance, kv);
		done = put_good(k, key, instance, err);
	} else if (err->code == ERR_SYSTEM) {
		done = (struct known_put){ .failed = true };
	} else {
		done = put_broken(k, before, key, kv, err);
	}
	if (!done.failed && known_count(k) > KNOWN_MAX) {
		done = failed(err, "there are more keys under the prefix than can be followed");
	} else if (!done.failed && k->live.bytes + k->broken.bytes > KNOWN_BYTES_MAX) {
		done = failed(err, "there is more under the prefix than the 64 MiB that are kept");
	}
	instance_unref(instance);
	free(key);
	return done;
}

bool known_remove(struct known *k, const struct etcd_kv *kv)
{
	char *key = name_of(kv);
	bool changed = key != NULL && instances_remove(&k->live, key);

	if (key != NULL) {
		(void)instances_remove(&k->broken, key);
	}
	free(key);
	return changed;
}

void known_finish(struct known *k)
{
	instances_finish(&k->live);
	instances_finish(&k->broken);
}
