/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/tls_settings.h"

#include <stdlib.h>
#include <string.h>

int tls_settings_copy(struct tls_settings *to, const struct tls_settings *from)
{
	*to = (struct tls_settings){
		.on = from->on,
		.ca_file = strdup(from->ca_file),
		.cert_file = strdup(from->cert_file),
		.key_file = strdup(from->key_file),
		.server_name = strdup(from->server_name),
		.insecure_skip_verify = from->insecure_skip_verify,
	};
	if (to->ca_file == NULL || to->cert_file == NULL || to->key_file == NULL ||
			to->server_name == NULL) {
		tls_settings_finish(to);
		return -1;
	}
	return 0;
}

void tls_settings_finish(struct tls_settings *s)
{
	free(s->ca_file);
	free(s->cert_file);
	free(s->key_file);
	free(s->server_name);
	*s = (struct tls_settings){ 0 };
}

/* A zeroed struct has NULL where a loaded one has "". */
static bool same(const char *a, const char *b)
{
	return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

bool tls_settings_alike(const struct tls_settings *a, const struct tls_settings *b)
{
	return a->on == b->on && same(a->ca_file, b->ca_file) && same(a->cert_file, b->cert_file) &&
	       same(a->key_file, b->key_file) && a->insecure_skip_verify == b->insecure_skip_verify;
}

bool tls_settings_equal(const struct tls_settings *a, const struct tls_settings *b)
{
	return tls_settings_alike(a, b) && same(a->server_name, b->server_name);
}
