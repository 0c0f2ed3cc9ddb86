/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/doctor/doctor_admin.h"

#include <errno.h>
#include <string.h>

#include "agent/clock.h"
#include "agent/net/h2_address.h"
#include "agent/net/waiting.h"

#define CHECK   "admin"
#define TIMEOUT 2.0 /* seconds */

static const char question[] =
		"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/*
 * 0 when someone has answered on one of the addresses; -1 with errno set. To
 * connect to 0.0.0.0 or :: is to connect to this machine.
 */
static int ask(const struct target *target, char *answer, size_t size)
{
	struct h2_address at[H2_ADDRESSES];
	unsigned n = h2_addresses(at, target);

	for (unsigned i = 0; i < n; i++) {
		if (waiting_ask(&at[i].at.any, at[i].len, question, NULL, answer, size,
				    clock_now() + TIMEOUT) == 0) {
			return 0;
		}
	}
	return -1;
}

void doctor_admin_check(struct doctor_findings *f, const struct target *listen)
{
	char name[TARGET_TEXT_MAX], answer[600];

	target_format(name, sizeof name, listen);
	if (ask(listen, answer, sizeof answer) < 0) {
		doctor_find(f, CHECK, name, ADMIN_SILENT, "no agent answers there: %s",
				strerror(errno));
	} else if (strncmp(answer, "HTTP/1.1 200", 12) == 0 &&
			strstr(answer, "\r\n\r\nok") != NULL) {
		doctor_find(f, CHECK, name, DOCTOR_OK, "an agent answers there");
	} else {
		answer[strcspn(answer, "\r\n")] = '\0';
		doctor_find(f, CHECK, name, ADMIN_OTHER, "what answers there is no agent: %.60s",
				answer);
	}
}
