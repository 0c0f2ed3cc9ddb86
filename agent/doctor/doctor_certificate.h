/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AGENT_DOCTOR_DOCTOR_CERTIFICATE_H
#define AGENT_DOCTOR_DOCTOR_CERTIFICATE_H

/* doctor_certificate - what a look at a server's TLS means. */

#include <stdbool.h>

#include "agent/doctor/doctor_findings.h"
#include "agent/net/tls_look.h"

/* Whose certificate it is: the codes for what can be wrong with it. */
struct doctor_side {
	const char *check;
	enum doctor_code absent, failed, client, name, unchecked;
	enum doctor_code untrusted, expired, not_yet, ends;
};

extern const struct doctor_side doctor_side_etcd, doctor_side_port;

/*
 * Adds what is wrong, or soon will be. False when it is a problem. Says
 * nothing of a server that could not be reached or did not answer in time, or
 * whose certificate is well.
 */
bool doctor_certificate(struct doctor_findings *f, const struct doctor_side *side,
		const char *subject, const struct tls_look *look,
		const struct tls_settings *settings, const char *name);

/* The same of etcd.tls.cert_file, the certificate that we show. */
void doctor_certificate_own(struct doctor_findings *f, const struct tls_settings *settings);

/* "until 2026-12-25": when a certificate that is well ends; room for 32 bytes. */
void doctor_certificate_until(const struct tls_look *look, char *out, size_t size);

#endif
