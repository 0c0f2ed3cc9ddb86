/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/certificates.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "agent/util.h"
#include "tests/fuzz/tls_servers.h"

#define PARTS 40 /* of all of them */
#define DATE  "%Y%m%d%H%M%SZ"

/* Of one that is being written. */
struct draft {
	X509 *cert;
	GENERAL_NAMES *names;
	X509_NAME *issuer, *subject;
};

static void begin_draft(struct draft *d)
{
	static long serial;

	*d = (struct draft){ X509_new(), GENERAL_NAMES_new(), NULL, X509_NAME_new() };
	HOLDS(d->cert != NULL && d->names != NULL && d->subject != NULL);
	HOLDS(X509_set_version(d->cert, X509_VERSION_3) == 1);
	HOLDS(ASN1_INTEGER_set(X509_get_serialNumber(d->cert), ++serial) == 1);
	HOLDS(X509_gmtime_adj(X509_getm_notBefore(d->cert), -86400L) != NULL);
	HOLDS(X509_gmtime_adj(X509_getm_notAfter(d->cert), 30 * 86400L) != NULL);
}

static void sign(X509 *cert, bool ours)
{

	HOLDS(X509_set_pubkey(cert, tls_servers_key()) == 1);
	(void)X509_sign(cert, ours ? tls_servers_ca_key() : tls_servers_key(), EVP_sha256());
}

static void end_draft(struct certificates *c, struct draft *d)
{
	X509_NAME *issuer = d->issuer != NULL ? d->issuer : X509_get_subject_name(tls_servers_ca());

	(void)X509_set_issuer_name(d->cert, issuer);
	(void)X509_set_subject_name(d->cert, d->subject); /* neither is what is no name at all */
	if (sk_GENERAL_NAME_num(d->names) > 0) {
		(void)X509_add1_ext_i2d(
				d->cert, NID_subject_alt_name, d->names, 0, X509V3_ADD_APPEND);
	}
	sign(d->cert, c->ours);
	c->at[c->n++] = d->cert;
	GENERAL_NAMES_free(d->names);
	X509_NAME_free(d->issuer);
	X509_NAME_free(d->subject);
}

/* As a person reads it who has the list in hand. */
static void note_name(struct certificates *c, int type, const uint8_t *bytes, size_t len)
{
	size_t at = strlen(c->names), room = sizeof c->names - at;
	const char *between = at > 0 ? ", " : "";
	char text[INET6_ADDRSTRLEN];

	if (type == GEN_DNS && len > 0 && bytes[0] != '\0') {
		(void)snprintf(c->names + at, room, "%s%.*s", between, (int)(len < 60 ? len : 60),
				(const char *)bytes);
	} else if (type == GEN_IPADD && (len == 4 || len == 16)) {
		(void)inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
		(void)snprintf(c->names + at, room, "%s%s", between, text);
	}
}

static void add_name(struct certificates *c, struct draft *d, uint8_t what, struct fuzz_bytes *in)
{
	static const int types[] = { GEN_DNS, GEN_DNS, GEN_IPADD, GEN_EMAIL, GEN_URI };
	int type = types[what % ARRAY_LEN(types)];
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value = ASN1_STRING_type_new(
			type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
	size_t len;
	uint8_t *bytes = fuzz_take_bytes(in, fuzz_u8(in), &len);

	HOLDS(name != NULL && value != NULL && ASN1_STRING_set(value, bytes, (int)len) == 1);
	GENERAL_NAME_set0_value(name, type, value);
	HOLDS(sk_GENERAL_NAME_push(d->names, name) > 0);
	if (c->n == 0) {
		note_name(c, type, bytes, len);
	}
	free(bytes);
}

static void add_entry(X509_NAME *name, struct fuzz_bytes *in)
{
	static const int nids[] = { NID_commonName, NID_organizationName, NID_countryName,
		NID_pkcs9_emailAddress };
	static const int types[] = { V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING, V_ASN1_T61STRING,
		V_ASN1_BMPSTRING, V_ASN1_UNIVERSALSTRING, V_ASN1_IA5STRING, V_ASN1_BIT_STRING };
	uint8_t what = fuzz_u8(in);
	size_t len;
	uint8_t *bytes = fuzz_take_bytes(in, fuzz_u8(in), &len);

	(void)X509_NAME_add_entry_by_NID(
			name, nids[what % 4], types[(what >> 2) % 7], bytes, (int)len, -1, 0);
	free(bytes);
}

static void add_extension(struct certificates *c, X509 *cert, struct fuzz_bytes *in)
{
	static const int nids[] = { NID_key_usage, NID_ext_key_usage, NID_basic_constraints,
		NID_subject_alt_name, NID_name_constraints, NID_authority_key_identifier,
		NID_subject_key_identifier, NID_certificate_policies };
	uint8_t what = fuzz_u8(in);
	size_t len;
	uint8_t *bytes = fuzz_take_bytes(in, fuzz_u8(in), &len);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();

	HOLDS(value != NULL && ASN1_OCTET_STRING_set(value, bytes, (int)len) == 1);
	X509_EXTENSION *extension = X509_EXTENSION_create_by_NID(
			NULL, nids[what % ARRAY_LEN(nids)], (what & 0x80) != 0, value);
	HOLDS(extension != NULL && X509_add_ext(cert, extension, -1) == 1);
	c->written = c->written && nids[what % ARRAY_LEN(nids)] != NID_subject_alt_name;
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	free(bytes);
}

/* "20301231235959Z", or without the century: what any reader takes it for. 0: who knows. */
static time_t time_said(const char *text, bool whole)
{
	char all[20] = "", again[20] = "";
	struct tm broken = { 0 };

	if (strlen(text) == (whole ? 15 : 13)) {
		(void)snprintf(all, sizeof all, "%s%s",
				whole           ? ""
				: text[0] < '5' ? "20"
						: "19",
				text);
	}
	if (strptime(all, DATE, &broken) == NULL) {
		return 0;
	}
	time_t at = timegm(&broken);
	(void)strftime(again, sizeof again, DATE, &broken);
	return strcmp(all, again) == 0 ? at : 0;
}

static void set_time(struct certificates *c, X509 *cert, bool end, struct fuzz_bytes *in)
{
	bool whole = (fuzz_u8(in) & 1) != 0;
	ASN1_TIME *at = ASN1_STRING_type_new(whole ? V_ASN1_GENERALIZEDTIME : V_ASN1_UTCTIME);
	char *text = fuzz_take_text(in);

	HOLDS(at != NULL && ASN1_STRING_set(at, text, -1) == 1);
	(void)(end ? X509_set1_notAfter(cert, at) : X509_set1_notBefore(cert, at));
	if (end && c->n == 0) {
		c->until = time_said(text, whole);
	}
	ASN1_STRING_free(at);
	free(text);
}

enum part { DNS, NAME, ISSUER, SUBJECT, FROM, UNTIL, EXTENSION, NEXT, N_PARTS };

static void add_part(struct certificates *c, struct draft *d, struct fuzz_bytes *in)
{
	enum part part = fuzz_u8(in) % N_PARTS;

	switch (part) {
	case DNS:
		add_name(c, d, 0, in);
		break;
	case NAME:
		add_name(c, d, fuzz_u8(in), in);
		break;
	case ISSUER:
		d->issuer = d->issuer != NULL ? d->issuer : X509_NAME_new();
		HOLDS(d->issuer != NULL);
		add_entry(d->issuer, in);
		break;
	case SUBJECT:
		add_entry(d->subject, in);
		break;
	case FROM:
	case UNTIL:
		set_time(c, d->cert, part == UNTIL, in);
		break;
	case EXTENSION:
		add_extension(c, d->cert, in);
		break;
	case NEXT:
	case N_PARTS:
		if (c->n + 1 < CERTIFICATES) {
			end_draft(c, d);
			begin_draft(d);
		}
		break;
	}
}

void certificates_write(struct certificates *c, bool ours, struct fuzz_bytes *in)
{
	struct draft draft;

	*c = (struct certificates){ .ours = ours, .written = true };
	begin_draft(&draft);
	for (unsigned i = 0; i < PARTS && in->left > 0; i++) {
		add_part(c, &draft, in);
	}
	end_draft(c, &draft);
	c->until = c->n == 1 ? c->until : 0;
}

void certificates_take(struct certificates *c, bool ours, const struct fuzz_bytes *in)
{
	const uint8_t *at = in->at;
	X509 *cert = d2i_X509(NULL, &at, (long)in->left);

	*c = (struct certificates){ .ours = ours };
	if (cert != NULL) {
		if (ours) {
			sign(cert, true);
		} else {
			HOLDS(X509_set_pubkey(cert, tls_servers_key()) == 1);
		}
		c->at[c->n++] = cert;
	}
}

void certificates_finish(struct certificates *c)
{
	while (c->n > 0) {
		X509_free(c->at[--c->n]);
	}
}
