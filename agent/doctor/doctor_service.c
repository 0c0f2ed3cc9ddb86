/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/doctor/doctor_service.h"

#include <stdio.h>
#include <string.h>

#include "agent/cadence.h"
#include "agent/doctor/doctor_certificate.h"
#include "agent/doctor/doctor_health.h"
#include "agent/net/h2_address.h"
#include "agent/prober.h"
#include "agent/util.h"

#define CHECK_PORT   "port"
#define CHECK_HEALTH "health"

/* Where a reason has none of these, its verdict decides. */
static const enum doctor_code codes[N_REASONS] = {
	[REASON_NOT_SERVING] = HEALTH_NOT_SERVING,
	[REASON_SERVICE_UNKNOWN] = HEALTH_UNKNOWN_SERVICE,
	[REASON_STATUS_UNKNOWN] = HEALTH_NO_STATUS,
	[REASON_UNIMPLEMENTED] = HEALTH_ABSENT,
	[REASON_NO_WATCH] = HEALTH_NO_WATCH,
	[REASON_REFUSED] = PORT_REFUSED,
	[REASON_UNREACHABLE] = PORT_UNREACHABLE,
	[REASON_DEADLINE] = PORT_SILENT,
	[REASON_RESET] = PORT_RESET,
	[REASON_BAD_FRAME] = HEALTH_ERROR,
	[REASON_NOT_GRPC] = PORT_NOT_GRPC,
	[REASON_TLS_ERROR] = PORT_TLS_FAILED,
	[REASON_GRPC_ERROR] = HEALTH_ERROR,
	[REASON_HTTP_STATUS] = HEALTH_HTTP_STATUS,
	[REASON_NOT_HTTP] = PORT_NOT_HTTP,
	[REASON_EXEC_FAILED] = HEALTH_COMMAND_FAILED,
	[REASON_EXEC_MISSING] = HEALTH_COMMAND_MISSING,
	[REASON_NO_RESOURCES] = PROBE_OWN_TROUBLE,
	[REASON_TLS_FILES] = PORT_TLS_FILES,
};

/* The audit and what it came to. */
struct audit {
	struct prober prober;
	struct ev_loop *loop; /* borrowed; NULL once the result is in */
	enum reason reason;
	enum verdict verdict;
	double took;
	char sentence[400];
};

static void on_change(struct prober *prober)
{
	UNUSED(prober); /* the result is all that counts here */
}

static void on_audited(struct prober *prober, const struct prober_result *result)
{
	struct audit *a = CONTAINER_OF(prober, struct audit, prober);

	if (a->loop == NULL) {
		return;
	}
	a->reason = result->reason;
	a->verdict = result->verdict;
	a->took = result->took;
	(void)snprintf(a->sentence, sizeof a->sentence, "%s", result->sentence);
	ev_break(a->loop, EVBREAK_ALL);
	a->loop = NULL;
}

/* ---- what it means ---------------------------------------------------------------------- */

/* The first of the target's addresses that takes a connection. */
static void look_at_tls(struct tls_look *look, const struct descriptor *desc,
		const struct tls_settings *tls)
{
	const struct target *target = &desc->probe.target;
	const char *host = target->kind == TARGET_UNIX ? "localhost" : target->inet.host;
	struct h2_address at[H2_ADDRESSES];
	unsigned n = h2_addresses(at, target);

	memset(look, 0, sizeof *look);
	for (unsigned i = 0; i < n && !look->connected; i++) {
		(void)tls_look(look, &at[i].at.any, at[i].len, tls, host,
				(double)desc->probe.timeout_ms / 1000.0);
	}
}

static bool is_of_port(enum doctor_code code)
{
	return code >= PORT_REFUSED && code <= PORT_CERT_ENDS;
}

static enum doctor_code code_of(const struct audit *a, const struct descriptor *desc)
{
	enum doctor_code code = codes[a->reason];
	struct tls_look look;

	if (code == HEALTH_ABSENT && a->verdict != VERDICT_PASS) {
		return HEALTH_REQUIRED;
	}
	if (code == DOCTOR_OK && a->verdict != VERDICT_PASS) {
		return a->verdict == VERDICT_INCONCLUSIVE ? PROBE_OWN_TROUBLE : PROBE_FAILED;
	}
	if (!desc->probe.tls.on && desc->probe.type != PROBE_EXEC &&
			(code == PORT_NOT_GRPC || code == PORT_NOT_HTTP || code == PORT_RESET)) {
		look_at_tls(&look, desc, NULL);
		return look.spoke ? PORT_TLS_WANTED : code;
	}
	return code;
}

/* What is asked for health: subject and names that are known beside it. */
static void name_health(char *out, size_t size, const struct descriptor *desc)
{
	switch (desc->probe.type) {
	case PROBE_GRPC:
		if (desc->probe.service[0] == '\0') {
			(void)snprintf(out, size, "the whole server");
		} else {
			(void)snprintf(out, size, "probe.service \"%s\"", desc->probe.service);
		}
		break;
	case PROBE_TCP:
		(void)snprintf(out, size, "the port");
		break;
	case PROBE_HTTP:
		(void)snprintf(out, size, "GET %.200s", desc->probe.path);
		break;
	case PROBE_EXEC:
		(void)snprintf(out, size, "%.200s", desc->probe.command.at[0]);
		break;
	}
}

static void say_health(struct doctor *d, const struct descriptor *desc, const struct audit *a,
		enum doctor_code code)
{
	char names[400] = "", asked[300];
	int n = desc->probe.type == PROBE_GRPC ? doctor_health_list(d, desc, names, sizeof names)
					       : -1;

	name_health(asked, sizeof asked, desc);
	doctor_find(&d->findings, CHECK_HEALTH, asked, code, "%s (%.1fms)%s%s", a->sentence,
			a->took * 1e3, n > 0 ? "; it knows " : "", n > 0 ? names : "");
}

static const char *what_answers(const struct descriptor *desc)
{
	switch (desc->probe.type) {
	case PROBE_GRPC:
		return "it answers gRPC";
	case PROBE_HTTP:
		return "it answers HTTP";
	case PROBE_TCP:
	case PROBE_EXEC:
		break;
	}
	return "it takes connections";
}

static void judge(struct doctor *d, const struct descriptor *desc, const struct audit *a)
{
	struct doctor_findings *f = &d->findings;
	enum doctor_code code = code_of(a, desc);
	bool by_command = desc->probe.type == PROBE_EXEC;
	char target[TARGET_TEXT_MAX];

	target_format(target, sizeof target, &desc->probe.target);
	if (!by_command &&
			(is_of_port(code) || code == PROBE_OWN_TROUBLE || code == PROBE_FAILED)) {
		doctor_find(f, CHECK_PORT, target, code, "%s %s", reason_token(a->reason),
				a->sentence);
		doctor_find(f, CHECK_HEALTH, desc->service.name, DOCTOR_SKIPPED,
				"the port does not answer as it should");
		return;
	}
	if (!by_command) {
		doctor_find(f, CHECK_PORT, target, DOCTOR_OK, "%s%s", what_answers(desc),
				desc->probe.tls.on ? " over TLS" : "");
	}
	say_health(d, desc, a, by_command && code == PORT_SILENT ? HEALTH_COMMAND_FAILED : code);
}

/* False when the certificate is the problem, which is said. */
static bool tls_is_well(struct doctor *d, const struct descriptor *desc)
{
	const struct target *target = &desc->probe.target;
	const char *host = target->kind == TARGET_UNIX ? "localhost" : target->inet.host;
	char name[TARGET_TEXT_MAX];
	struct tls_look look;

	if (!desc->probe.tls.on) {
		return true;
	}
	target_format(name, sizeof name, target);
	look_at_tls(&look, desc, &desc->probe.tls);
	return doctor_certificate(
			&d->findings, &doctor_side_port, name, &look, &desc->probe.tls, host);
}

bool doctor_service_check(struct doctor *d, const struct descriptor *desc)
{
	struct audit a = { .loop = d->loop };
	struct cadence cadence = { 0 };

	if (!tls_is_well(d, desc)) {
		doctor_find(&d->findings, CHECK_HEALTH, desc->service.name, DOCTOR_SKIPPED,
				"the port does not answer as it should");
		return false;
	}
	if (prober_init(&a.prober, d->loop, &d->shelf, desc, &cadence, on_change) < 0) {
		d->findings.lost = true;
		return false;
	}
	a.prober.on_audited = on_audited;
	prober_audit(&a.prober);
	(void)ev_run(d->loop, 0);
	prober_finish(&a.prober);
	judge(d, desc, &a);
	return a.verdict == VERDICT_PASS;
}
