/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/doctor/doctor_certificate.h"

#include <time.h>

#include "agent/net/tls_problem.h"

#define DAY       86400
#define ENDS_SOON ((time_t)14 * DAY)

/* OpenSSL's numbers, as tls_problem has them. */
#define NOT_YET       9
#define EXPIRED       10
#define OTHER_ADDRESS 64

const struct doctor_side doctor_side_etcd = {
	.check = "endpoint",
	.absent = ETCD_TLS_ABSENT,
	.failed = ETCD_TLS_FAILED,
	.client = ETCD_TLS_CLIENT,
	.name = ETCD_TLS_NAME,
	.unchecked = ETCD_TLS_UNCHECKED,
	.untrusted = ETCD_CERT_UNTRUSTED,
	.expired = ETCD_CERT_EXPIRED,
	.not_yet = ETCD_CERT_NOT_YET,
	.ends = ETCD_CERT_ENDS,
};

const struct doctor_side doctor_side_port = {
	.check = "port",
	.absent = PORT_TLS_ABSENT,
	.failed = PORT_TLS_FAILED,
	.client = PORT_TLS_CLIENT,
	.name = PORT_TLS_NAME,
	.unchecked = PORT_TLS_UNCHECKED,
	.untrusted = PORT_CERT_UNTRUSTED,
	.expired = PORT_CERT_EXPIRED,
	.not_yet = PORT_CERT_NOT_YET,
	.ends = PORT_CERT_ENDS,
};

struct date {
	char text[32];
};

static struct date date_of(time_t at)
{
	struct date date;
	struct tm broken;

	(void)gmtime_r(&at, &broken);
	(void)strftime(date.text, sizeof date.text, "%Y-%m-%d %H:%M UTC", &broken);
	return date;
}

static const char *or_none(const char *text)
{
	return text[0] != '\0' ? text : "none";
}

static void say_verdict(struct doctor_findings *f, const struct doctor_side *side,
		const char *subject, const struct tls_look *look, const char *name)
{
	struct date now = date_of(time(NULL));
	char sentence[TLS_PROBLEM_TEXT_MAX];

	switch (look->verdict) {
	case EXPIRED:
		doctor_find(f, side->check, subject, side->expired,
				"its certificate ended at %s, and our clock says %s",
				date_of(look->validity.until).text, now.text);
		return;
	case NOT_YET:
		doctor_find(f, side->check, subject, side->not_yet,
				"its certificate begins at %s, and our clock says %s",
				date_of(look->validity.from).text, now.text);
		return;
	case TLS_PROBLEM_NAME:
	case OTHER_ADDRESS:
		doctor_find(f, side->check, subject, side->name,
				"its certificate is not for \"%s\", it holds: %s", name,
				or_none(look->names));
		return;
	default:
		tls_problem_sentence(sentence, sizeof sentence, look->verdict, subject, name);
		doctor_find(f, side->check, subject, side->untrusted, "%s; it comes from %s",
				sentence, or_none(look->issuer));
		return;
	}
}

bool doctor_certificate(struct doctor_findings *f, const struct doctor_side *side,
		const char *subject, const struct tls_look *look,
		const struct tls_settings *settings, const char *name)
{
	const char *wanted = settings->server_name[0] != '\0' ? settings->server_name : name;
	time_t now = time(NULL);

	if (!look->connected || look->silent) {
		return true;
	}
	if (!look->spoke) {
		doctor_find(f, side->check, subject, side->absent, "it does not answer in TLS: %s",
				look->why);
		return false;
	}
	if (!look->greeted) {
		doctor_find(f, side->check, subject, look->asked ? side->client : side->failed,
				"TLS is not agreed on: %s", look->why);
		return false;
	}
	if (settings->insecure_skip_verify) {
		doctor_find(f, side->check, subject, side->unchecked,
				"any certificate is taken (insecure_skip_verify)");
		return true;
	}
	if (look->verdict != 0) {
		say_verdict(f, side, subject, look, wanted);
		return false;
	}
	if (look->validity.until - now < ENDS_SOON) {
		doctor_find(f, side->check, subject, side->ends,
				"its certificate ends at %s, in %ld days",
				date_of(look->validity.until).text,
				(long)((look->validity.until - now) / DAY));
	}
	return true;
}

void doctor_certificate_own(struct doctor_findings *f, const struct tls_settings *settings)
{
	struct tls_validity ours;
	time_t now = time(NULL);

	if (!tls_look_own(settings, &ours)) {
		return;
	}
	if (ours.until < now) {
		doctor_find(f, "certificate", settings->cert_file, CLIENT_CERT_EXPIRED,
				"our certificate ended at %s, and our clock says %s",
				date_of(ours.until).text, date_of(now).text);
	} else if (ours.until - now < ENDS_SOON) {
		doctor_find(f, "certificate", settings->cert_file, CLIENT_CERT_ENDS,
				"our certificate ends at %s, in %ld days", date_of(ours.until).text,
				(long)((ours.until - now) / DAY));
	}
}

void doctor_certificate_until(const struct tls_look *look, char *out, size_t size)
{
	(void)snprintf(out, size, "until %.10s", date_of(look->validity.until).text);
}
