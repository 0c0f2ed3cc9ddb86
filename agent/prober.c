/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/prober.h"

#include <stdlib.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/log.h"
#include "agent/timer.h"
#include "agent/util.h"

/* Audits out of turn are at least so far apart, seconds: a server that closes
 * every connection must not make us spin. */
#define EARLY_SPACING 0.1

/* A look at who waits to return may be early by less than that, seconds. */
#define RETURN_EARLY 0.01

/* Of a detail that is kept for a status; what is longer is cut. */
#define DETAIL_MAX 239

/* Audits that we could not make between two lines about it. */
#define BLIND_REPORT_EVERY 60

static double seconds(uint32_t ms)
{
	return (double)ms / 1000.0;
}

void prober_audit(struct prober *p)
{
	turn_drop(p->cadence->turn, &p->work);
	ev_timer_stop(p->loop, &p->next);
	if (!p->started) {
		p->started = true;
		if (p->on_begun != NULL) {
			p->on_begun(p);
		}
	}
	p->auditing = true;
	p->early = false;
	p->started_at = clock_now();
	p->probe->kind->audit(p->probe, p->started_at + seconds(p->desc->probe.timeout_ms));
}

static void on_turn(struct task *work)
{
	prober_audit(CONTAINER_OF(work, struct prober, work));
}

static void audit_soon(struct prober *p)
{
	ev_timer_stop(p->loop, &p->next);
	turn_add(p->cadence->turn, &p->work);
}

static void on_next(struct ev_loop *loop, ev_timer *next, int revents)
{
	UNUSED(loop);
	UNUSED(revents);
	audit_soon(CONTAINER_OF(next, struct prober, next));
}

static void schedule(struct prober *p, double now)
{
	double due = tick_after(p->started_at, seconds(p->desc->probe.interval_ms), &p->place);
	double pause = due - now;

	if (p->away) {
		double sooner = cadence_away(p->cadence, now - p->away_since);
		pause = sooner < pause ? sooner : pause;
	}
	timer_start(p->loop, &p->next, pause);
}

static void set_away(struct prober *p, bool away, double now)
{
	if (away && !p->away) {
		p->away_since = now;
		p->cadence->n_away++;
	} else if (!away && p->away) {
		p->cadence->n_away--;
	}
	p->away = away;
}

/*
 * Seconds until a service that was down may be up again. Each return is a lease
 * and a put for etcd, and who changes its mind a thousand times a second is no
 * place to send calls to: it goes at once each time and returns once a second.
 */
static double until_return(struct prober *p, enum verdict verdict, double now)
{
	if (verdict != VERDICT_PASS || p->health.state != HEALTH_DOWN) {
		return 0.0;
	}
	double wait = pace_wait(&p->returns, now);
	if (wait < RETURN_EARLY) {
		wait = 0.0;
	}
	if (wait > 0.0 && !p->waits_to_return) {
		log_write(LOG_WARN, LOG_FIELDS(LOG_STR("service", p->desc->service.name)),
				"health changes without end: from now on it returns once a second "
				"at most");
	}
	p->waits_to_return = wait > 0.0 || (p->waits_to_return && p->returns.said > 1.0);
	return wait;
}

/* An audit in so many seconds, unless there is one before that. */
static void look_again(struct prober *p, double now, double wait)
{
	double due = tick_after(p->started_at, seconds(p->desc->probe.interval_ms), &p->place);

	if (p->auditing || p->early || task_waits(&p->work) || due - now <= wait) {
		return;
	}
	p->early = true;
	p->early_at = now + wait;
	timer_start(p->loop, &p->next, wait);
}

static enum verdict judge(struct prober *p, enum reason reason)
{
	if (reason != REASON_UNIMPLEMENTED) {
		return reason_verdict(reason);
	}
	if (p->desc->probe.unimplemented == UNIMPLEMENTED_FAIL) {
		return VERDICT_HARD_FAIL;
	}
	if (!p->warned_unimplemented) {
		p->warned_unimplemented = true;
		log_write(LOG_WARN, LOG_FIELDS(LOG_STR("service", p->desc->service.name)),
				"%s has no health service: that its port answers gRPC passes for "
				"health (probe.unimplemented: fail changes that)",
				p->desc->service.name);
	}
	return VERDICT_PASS;
}

static void log_change(const struct prober *p, enum health_state from, enum reason reason,
		const char *sentence, double took)
{
	bool down = p->health.state == HEALTH_DOWN;
	const struct log_field *fields = LOG_FIELDS(LOG_STR("service", p->desc->service.name),
			LOG_STR("reason", reason_token(reason)), LOG_TOOK("took", took),
			LOG_SAY(down ? sentence : NULL));

	log_write(down && from == HEALTH_UP ? LOG_WARN : LOG_INFO, fields, "health %s -> %s",
			health_name(from), health_name(p->health.state));
}

/*
 * The first failure of a row is worth a line when it does not bring health
 * down by itself. So is trouble of our own, at once and then now and again.
 */
static void log_same(const struct prober *p, enum reason reason, enum verdict verdict,
		const char *sentence, double took)
{
	const struct log_field *fields = LOG_FIELDS(LOG_STR("service", p->desc->service.name),
			LOG_STR("reason", reason_token(reason)), LOG_TOOK("took", took),
			LOG_INT("fails", p->health.fails),
			LOG_INT("of", p->rules.failure_threshold), LOG_SAY(sentence));
	bool first = p->health.fails == 1 && p->health.state != HEALTH_DOWN;

	switch (verdict) {
	case VERDICT_PASS:
		log_write(LOG_DEBUG, fields, "probe passed");
		break;
	case VERDICT_HARD_FAIL:
		log_write(LOG_DEBUG, fields, "probe failed");
		break;
	case VERDICT_SOFT_FAIL:
		log_write(first ? LOG_INFO : LOG_DEBUG, fields, "probe failed");
		break;
	case VERDICT_INCONCLUSIVE:
		log_write(p->blind % BLIND_REPORT_EVERY == 1 ? LOG_WARN : LOG_DEBUG, fields,
				"cannot probe");
		break;
	}
}

/* What a status says of the last report. */
static void remember(struct prober *p, enum reason reason, const char *detail)
{
	p->reported = true;
	p->reason = reason;
	p->reasons[reason]++;
	if (detail == NULL || p->detail == NULL || strcmp(detail, p->detail) != 0) {
		free(p->detail); /* without memory the reason's own sentence will do */
		p->detail = detail != NULL ? strndup(detail, DETAIL_MAX) : NULL;
	}
}

/* Everything that is ever found out about the service passes here. */
static void on_report(struct probe *probe, const struct probe_report *report)
{
	struct prober *p = probe->owner;
	double now = clock_now();
	double took = p->auditing ? now - p->started_at : 0.0; /* a push took nobody's time */
	const char *sentence =
			report->detail != NULL ? report->detail : reason_sentence(report->reason);
	enum health_state from = p->health.state;
	enum verdict verdict = judge(p, report->reason);
	double wait = until_return(p, verdict, now);
	bool changed = health_note(
			&p->health, &p->rules, wait > 0.0 ? VERDICT_INCONCLUSIVE : verdict, now);

	if (changed && from == HEALTH_DOWN) {
		pace_spend(&p->returns, now);
	}
	p->blind = verdict == VERDICT_INCONCLUSIVE ? p->blind + 1 : 0;
	remember(p, report->reason, report->detail);
	if (changed) {
		p->since = now;
		log_change(p, from, report->reason, sentence, took);
	} else {
		log_same(p, report->reason, verdict, sentence, took);
	}
	if (verdict != VERDICT_INCONCLUSIVE) {
		set_away(p, report->reason == REASON_REFUSED, now);
	}
	if (report->audit) {
		if (p->counts != NULL) {
			histogram_note(&p->counts->probes, took);
		}
		p->auditing = false;
		schedule(p, now);
		if (p->on_audited != NULL) {
			p->on_audited(p, &(struct prober_result){
							 report->reason, verdict, sentence, took });
		}
	}
	if (wait > 0.0) {
		look_again(p, now, wait);
	}
	if (changed) {
		p->on_change(p);
	}
}

static void on_unsettled(struct probe *probe)
{
	struct prober *p = probe->owner;
	double now = clock_now();
	double from = p->early_at + EARLY_SPACING;

	if (p->auditing || p->early || task_waits(&p->work)) {
		return; /* the audit that runs, or the one that is planned, will find out */
	}
	p->early = true;
	p->early_at = from > now ? from : now;
	timer_start(p->loop, &p->next, p->early_at - now);
}

static void on_notice(struct probe *probe, const char *sentence)
{
	struct prober *p = probe->owner;

	log_write(LOG_INFO, LOG_FIELDS(LOG_STR("service", p->desc->service.name)), "%s", sentence);
}

static const struct probe_events events = {
	.on_report = on_report,
	.on_unsettled = on_unsettled,
	.on_notice = on_notice,
};

int prober_init(struct prober *p, struct ev_loop *loop, struct tls_shelf *shelf,
		const struct descriptor *desc, struct cadence *cadence, prober_change *on_change)
{
	memset(p, 0, sizeof *p);
	p->loop = loop;
	p->desc = desc;
	p->cadence = cadence;
	p->place = tick_place_next(&cadence->places);
	p->on_change = on_change;
	p->work.run = on_turn;
	p->early_at = -EARLY_SPACING;
	p->since = clock_now();
	p->rules = (struct health_rules){
		.success_threshold = desc->probe.success_threshold,
		.failure_threshold = desc->probe.failure_threshold,
		.spacing = seconds(desc->probe.interval_ms) / 2.0,
	};
	ev_timer_init(&p->next, on_next, 0.0, 0.0);
	p->probe = probe_kinds[desc->probe.type]->create(
			loop, cadence->turn, shelf, desc, &events, p);
	return p->probe == NULL ? -1 : 0;
}

/* Counters are told apart by name, host and port: none of them ever falls. */
void prober_succeed(struct prober *p, const struct prober *before)
{
	const struct descriptor *a = p->desc, *b = before->desc;

	p->place = before->place;
	if (a->service.port == b->service.port && strcmp(a->service.name, b->service.name) == 0 &&
			strcmp(a->service.host, b->service.host) == 0) {
		memcpy(p->reasons, before->reasons, sizeof p->reasons);
		p->returns = before->returns;
	}
}

void prober_start(struct prober *p)
{
	double delay = seconds(p->desc->probe.initial_delay_ms);

	timer_start(p->loop, &p->next, delay + cadence_start(p->cadence, clock_now()));
}

void prober_interrupted(struct prober *p)
{
	enum health_state from = p->health.state;

	if (!p->started || p->probe == NULL) {
		return;
	}
	p->probe->kind->forget(p->probe);
	p->auditing = false;
	set_away(p, false, 0.0);
	health_forget(&p->health);
	if (from != HEALTH_UNKNOWN) {
		p->since = clock_now();
		log_write(LOG_INFO, LOG_FIELDS(LOG_STR("service", p->desc->service.name)),
				"health %s -> %s", health_name(from), health_name(HEALTH_UNKNOWN));
		p->on_change(p);
	}
	audit_soon(p);
}

const char *prober_sentence(const struct prober *p)
{
	return p->detail != NULL ? p->detail : reason_sentence(p->reason);
}

void prober_finish(struct prober *p)
{
	if (p->probe != NULL) {
		p->probe->kind->destroy(p->probe);
		p->probe = NULL;
	}
	set_away(p, false, 0.0);
	free(p->detail);
	p->detail = NULL;
	if (p->loop != NULL) {
		ev_timer_stop(p->loop, &p->next);
		turn_drop(p->cadence->turn, &p->work);
	}
}
