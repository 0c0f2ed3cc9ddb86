/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_TLS_STAGE_H
#define TESTS_UNIT_TLS_STAGE_H

/* tls_stage - our end of TLS and a peer's, and bytes that are carried between them by hand. */

#include <stddef.h>
#include <stdint.h>

#include "agent/net/h2_tls.h"
#include "tests/unit/tls_peer.h"

extern struct h2_tls_stage {
	struct tls_peer peer;
	struct tls_settings settings;
	struct target target;
	char ca_file[TLS_PEER_PATH], cert_file[TLS_PEER_PATH], key_file[TLS_PEER_PATH];
	char server_name[64];
	struct tls_shelf shelf;
	struct h2_tls *tls;
	size_t piece; /* how many bytes are carried at a time */
} stage;

int set_up(void **state);
int tear_down(void **state);

/* The peer with a new certificate, and ours. */
void serve(const struct tls_wish *wish, const char *alpn);
void use_client(const struct tls_wish *wish);

/* A connection at its beginning; after the handshake; after one that failed so. */
void begin(void);
void expect_open(void);
void expect_broken(const char *sentence);

/* How many bytes moved. What we read of them goes to `out`, from *n_out on. */
size_t carry_out(void);
size_t carry_in(uint8_t *out, size_t room, size_t *n_out);

/* Until nobody has anything to say; how many bytes were said to us and put in `out`. */
size_t carry(uint8_t *out, size_t room);

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
