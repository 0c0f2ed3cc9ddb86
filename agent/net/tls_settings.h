/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_NET_TLS_SETTINGS_H
#define AGENT_NET_TLS_SETTINGS_H

/* tls_settings - how a client of ours speaks TLS: the keys of a `tls` section. */

#include <stdbool.h>

/* Texts are owned by the descriptor, never NULL, "" when not set. */
struct tls_settings {
	bool on;                   /* the section is there, or an endpoint says https:// */
	char *ca_file;             /* PEM; "": the system's authorities */
	char *cert_file;           /* PEM, with key_file: who we are; "": nobody */
	char *key_file;            /* PEM */
	char *server_name;         /* the name to ask for and to expect; "": the host */
	bool insecure_skip_verify; /* take any certificate */
};

#endif
