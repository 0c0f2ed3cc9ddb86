/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/util.h"

#include "tests/unit/tls_stage.h"

struct h2_tls_stage stage;

int set_up(void **state)
{
	UNUSED(state);
	memset(&stage, 0, sizeof stage);
	tls_peer_init(&stage.peer);
	tls_peer_copy_path(stage.ca_file, &stage.peer, "ca.pem");
	stage.settings = (struct tls_settings){
		.on = true,
		.ca_file = stage.ca_file,
		.cert_file = stage.cert_file,
		.key_file = stage.key_file,
		.server_name = stage.server_name,
	};
	stage.target.kind = TARGET_INET;
	stage.target.inet.port = 50051;
	(void)strcpy(stage.target.inet.host, "localhost");
	stage.piece = 4096;
	return 0;
}

int tear_down(void **state)
{
	UNUSED(state);
	h2_tls_destroy(stage.tls);
	tls_shelf_finish(&stage.shelf);
	tls_peer_finish(&stage.peer);
	return 0;
}

void serve(const struct tls_wish *wish, const char *alpn)
{
	tls_peer_issue(&stage.peer, "server", wish);
	tls_peer_serve(&stage.peer, "server", alpn);
}

void use_client(const struct tls_wish *wish)
{
	tls_peer_issue(&stage.peer, "client", wish);
	tls_peer_copy_path(stage.cert_file, &stage.peer, "client.pem");
	tls_peer_copy_path(stage.key_file, &stage.peer, "client.key");
}

void begin(void)
{
	if (stage.tls == NULL) {
		stage.tls = h2_tls_create(&stage.settings, &stage.target, &stage.shelf);
		assert_non_null(stage.tls);
	}
	tls_peer_connect(&stage.peer);
	assert_true(h2_tls_begin(stage.tls));
	assert_int_equal(stage.tls->state, H2_TLS_HANDSHAKE);
}

size_t carry_out(void)
{
	const uint8_t *data;
	size_t len, all = 0;

	while ((data = h2_tls_pending(stage.tls, &len)) != NULL) {
		len = len < stage.piece ? len : stage.piece;
		assert_int_equal(BIO_write(stage.peer.in, data, (int)len), (int)len);
		h2_tls_sent(stage.tls, len);
		all += len;
	}
	return all;
}

/* What it read goes to `out`, as far as there is room. */
size_t carry_in(uint8_t *out, size_t room, size_t *n_out)
{
	uint8_t data[4096];
	int n;
	size_t all = 0;

	while ((n = BIO_read(stage.peer.out, data, (int)stage.piece)) > 0) {
		size_t got;
		h2_tls_take(stage.tls, data, (size_t)n);
		while ((got = h2_tls_read(stage.tls, out + *n_out, room - *n_out)) > 0) {
			*n_out += got;
		}
		all += (size_t)n;
	}
	return all;
}

/* Until nobody has anything to say; what was said to us goes to `out`. */
size_t carry(uint8_t *out, size_t room)
{
	uint8_t scratch[4096];
	size_t n = 0, moved;

	do {
		moved = carry_out();
		(void)SSL_do_handshake(stage.peer.ssl);
		moved += carry_in(out != NULL ? out : scratch, out != NULL ? room : sizeof scratch,
				&n);
	} while (moved > 0);
	return n;
}

void expect_open(void)
{
	begin();
	(void)carry(NULL, 0);
	if (stage.tls->state != H2_TLS_OPEN) {
		fail_msg("state %d: %s", stage.tls->state, h2_tls_sentence(stage.tls));
	}
}

void expect_broken(const char *sentence)
{
	begin();
	(void)carry(NULL, 0);
	assert_int_equal(stage.tls->state, H2_TLS_BROKEN);
	if (strstr(h2_tls_sentence(stage.tls), sentence) == NULL) {
		fail_msg("'%s' has no '%s'", h2_tls_sentence(stage.tls), sentence);
	}
}
