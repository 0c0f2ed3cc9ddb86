/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/descriptor/etcd_settings.h"

#include <stdlib.h>
#include <string.h>

/* A zeroed struct has NULL where a loaded one has "". */
static bool same_text(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static bool same_endpoints(const struct endpoints *a, const struct endpoints *b)
{
	if (a->n != b->n) {
		return false;
	}
	for (size_t i = 0; i < a->n; i++) {
		if (!endpoint_same(&a->at[i], &b->at[i]) || a->at[i].tls != b->at[i].tls) {
			return false;
		}
	}
	return true;
}

bool etcd_settings_equal(const struct etcd_settings *a, const struct etcd_settings *b)
{
	return same_endpoints(&a->endpoints, &b->endpoints) &&
	       tls_settings_equal(&a->tls, &b->tls) && same_text(a->username, b->username) &&
	       same_text(a->password, b->password) &&
	       same_text(a->password_file, b->password_file) &&
	       a->request_timeout_ms == b->request_timeout_ms;
}

static int copy_endpoints(struct endpoints *to, const struct endpoints *from)
{
	to->at = calloc(from->n + 1, sizeof *to->at);
	if (to->at == NULL) {
		return -1;
	}
	memcpy(to->at, from->at, from->n * sizeof *to->at);
	to->n = from->n;
	return 0;
}

int etcd_settings_copy(struct etcd_settings *to, const struct etcd_settings *from)
{
	*to = (struct etcd_settings){
		.username = strdup(from->username),
		.password = strdup(from->password),
		.password_file = strdup(from->password_file),
		.request_timeout_ms = from->request_timeout_ms,
	};
	if (to->username == NULL || to->password == NULL || to->password_file == NULL ||
			copy_endpoints(&to->endpoints, &from->endpoints) < 0 ||
			tls_settings_copy(&to->tls, &from->tls) < 0) {
		etcd_settings_finish(to);
		return -1;
	}
	return 0;
}

void etcd_settings_members(const struct etcd_settings *s, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < s->endpoints.n && len + ENDPOINT_TEXT_MAX + 1 < size; i++) {
		const struct endpoint *at = &s->endpoints.at[i];
		if (i > 0) {
			out[len++] = ',';
		}
		endpoint_format(out + len, size - len, at->host, at->port);
		len += strlen(out + len);
	}
}

void etcd_settings_finish(struct etcd_settings *s)
{
	if (s->password != NULL) {
		explicit_bzero(s->password, strlen(s->password));
	}
	free(s->password);
	free(s->username);
	free(s->password_file);
	free(s->endpoints.at);
	tls_settings_finish(&s->tls);
	*s = (struct etcd_settings){ 0 };
}
