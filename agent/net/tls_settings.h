/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_TLS_SETTINGS_H
#define AGENT_NET_TLS_SETTINGS_H

/* tls_settings - how a client of ours speaks TLS: the keys of a `tls` section. Pure. */

#include <stdbool.h>

/* Texts are the owner's, never NULL, "" when not set. */
struct tls_settings {
	bool on;                   /* the section is there, or an endpoint says https:// */
	char *ca_file;             /* PEM; "": the system's authorities */
	char *cert_file;           /* PEM, with key_file: who we are; "": nobody */
	char *key_file;            /* PEM */
	char *server_name;         /* the name to ask for and to expect; "": the host */
	bool insecure_skip_verify; /* take any certificate */
};

/* A copy with texts of its own. 0, or -1 without memory, and *to zeroed. */
int tls_settings_copy(struct tls_settings *to, const struct tls_settings *from);

/* Frees the texts and zeroes it. Safe on a zeroed struct. */
void tls_settings_finish(struct tls_settings *s);

/* True when nothing but the name of the server differs: the same files serve both. */
bool tls_settings_alike(const struct tls_settings *a, const struct tls_settings *b);

/* True when nothing differs. A text that is NULL is as good as "". */
bool tls_settings_equal(const struct tls_settings *a, const struct tls_settings *b);

#endif
