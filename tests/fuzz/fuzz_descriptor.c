/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor that was read is printed so that it is read again as the same, and masked so that no
 * secret is seen. One that is refused is refused for reasons: each a harmless line of its own, all
 * in the order of the file.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/descriptor/descriptor.h"
#include "agent/descriptor/problems.h"
#include "tests/fuzz/fuzz.h"

#define PLANTED "planted-Xq7-secret"

/* What the inputs may ask for, and nothing that this machine has by chance. */
static void set_environment(void)
{
	static bool done;

	if (!done) {
		(void)clearenv();
		(void)setenv("SET", "value", 1);
		(void)setenv("EMPTY", "", 1);
		(void)setenv("PORT", "50051", 1);
		(void)setenv("ODD", "a\"b: #${SET}\n\xff", 1);
		(void)setenv("ETCD_HOSTS", "localhost:2379,[::1]:2380", 1);
		done = true;
	}
}

static void check_problems(const struct problems *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct problem *one = &p->at[i];
		HOLDS(strncmp(one->text, "fuzz.yaml:", 10) == 0);
		HOLDS(fuzz_is_harmless(one->text) && strchr(one->text, '\n') == NULL);
		HOLDS((one->line == 0) == (one->column == 0));
		HOLDS(i == 0 || p->at[i - 1].line <= one->line);
	}
}

static void replace(char **secret)
{
	free(*secret);
	*secret = strdup(PLANTED);
	HOLDS(*secret != NULL);
}

/* Puts the planted text where every secret is. False when there is none. */
static bool plant(struct descriptor *d)
{
	bool planted = d->etcd.password[0] != '\0';

	if (planted) {
		replace(&d->etcd.password);
	}
	for (size_t i = 0; i < d->probe.metadata.n; i++) {
		replace(&d->probe.metadata.at[i].text);
		planted = planted || !d->discover.on;
	}
	return planted;
}

/* As the fuzzer comes to know what it is searched for. */
static bool is_in(const struct descriptor *d, const char *text)
{
	struct fuzz_out out;

	fuzz_out_open(&out);
	descriptor_print(d, SECRETS_SHOWN, out.file);
	bool found = strstr(fuzz_out_text(&out), text) != NULL;
	fuzz_out_finish(&out);
	return found;
}

static void check_masked(struct descriptor *d)
{
	struct fuzz_out shown, masked;
	bool planted = plant(d);

	fuzz_out_open(&shown);
	descriptor_print(d, SECRETS_SHOWN, shown.file);
	HOLDS((strstr(fuzz_out_text(&shown), PLANTED) != NULL) == planted);
	fuzz_out_open(&masked);
	descriptor_print(d, SECRETS_MASKED, masked.file);
	HOLDS(strstr(fuzz_out_text(&masked), PLANTED) == NULL);
	HOLDS(fuzz_is_harmless(masked.text));

	/* It is for people, but they may keep it: a descriptor, if a wrong one. */
	struct problems problems = { 0 };
	struct descriptor again;
	HOLDS(descriptor_parse(&again, "fuzz.yaml", masked.text, masked.len, &problems) == 0);
	HOLDS(d->discover.on || again.probe.metadata.n == d->probe.metadata.n);
	descriptor_finish(&again);
	problems_finish(&problems);
	fuzz_out_finish(&shown);
	fuzz_out_finish(&masked);
}

static void check_round(const struct descriptor *d)
{
	struct fuzz_out first, second;
	struct problems problems = { 0 };
	struct descriptor again;

	fuzz_out_open(&first);
	descriptor_print(d, SECRETS_SHOWN, first.file);
	HOLDS(fuzz_is_harmless(fuzz_out_text(&first)));
	HOLDS(descriptor_parse(&again, "fuzz.yaml", first.text, first.len, &problems) == 0);
	fuzz_out_open(&second);
	descriptor_print(&again, SECRETS_SHOWN, second.file);
	HOLDS(strcmp(first.text, fuzz_out_text(&second)) == 0);
	descriptor_finish(&again);
	problems_finish(&problems);
	fuzz_out_finish(&first);
	fuzz_out_finish(&second);
}

static bool is_zeroed(const void *at, size_t size)
{
	const uint8_t *bytes = at;

	while (size > 0 && bytes[size - 1] == 0) {
		size--;
	}
	return size == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems problems = { 0 };
	struct descriptor d;

	set_environment();
	int result = descriptor_parse(&d, "fuzz.yaml", (const char *)data, size, &problems);
	check_problems(&problems);
	if (result == 0) {
		HOLDS(problems.n_errors == 0);
		check_round(&d);
		if (!is_in(&d, "planted")) {
			check_masked(&d);
		}
		descriptor_finish(&d);
	} else {
		HOLDS(problems.n_errors > 0 && problems.n > 0);
	}
	HOLDS(is_zeroed(&d, sizeof d));
	problems_finish(&problems);
	return 0;
}
