/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/descriptor/descriptor_set.h"
#include "agent/util.h"

/* A folder of the test's own, and the descriptors in it. */
static char folder[64];

static const char *path_of(const char *name)
{
	static char path[4][128];
	static unsigned turn;
	char *at = path[turn++ % ARRAY_LEN(path)];

	(void)snprintf(at, sizeof path[0], "%s/%s", folder, name);
	return at;
}

static void put_file(const char *name, const char *service, const char *more)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	(void)fprintf(f, "service:\n  name: %s\n  port: 50051\n%s", service, more);
	assert_int_equal(fclose(f), 0);
}

static void put_text(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int set_up(void **state)
{
	UNUSED(state);
	(void)strcpy(folder, "/tmp/svc-agent-set-XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "a.yaml", "b.yaml", "c.yaml", ".hidden.yaml",
		"note.txt", "a.yml" };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		(void)unlink(path_of(names[i]));
	}
	return rmdir(folder);
}

/* Loads the paths and expects so many descriptors, or, for none, the text in a problem. */
static void expect(const char *const *paths, size_t n, size_t n_expected, const char *problem)
{
	struct descriptor_set set;
	struct problems problems = { 0 };
	int result = descriptor_set_load(&set, paths, n, &problems);

	assert_int_equal(result, n_expected > 0 ? 0 : -1);
	assert_int_equal(set.n, n_expected);
	assert_int_equal(problems.n, problem != NULL ? 1 : 0);
	if (problem != NULL) {
		assert_non_null(strstr(problems.at[0].text, problem));
	}
	descriptor_set_finish(&set);
	descriptor_set_finish(&set);
	problems_finish(&problems);
}

static void loads_files_and_folders(void **state)
{
	UNUSED(state);
	put_file("b.yaml", "second", "");
	put_file("a.yaml", "first", "");
	put_file("c.yaml", "third", "");
	put_file(".hidden.yaml", "hidden", "");
	put_file("note.txt", "note", "");
	put_file("a.yml", "yml", "");
	const char *all[] = { folder };
	const char *two[] = { path_of("c.yaml"), path_of("a.yaml") };
	expect(all, 1, 3, NULL);
	expect(two, 2, 2, NULL);

	struct descriptor_set set;
	struct problems problems = { 0 };
	assert_int_equal(descriptor_set_load(&set, all, 1, &problems), 0);
	assert_string_equal(set.at[0].service.name, "first");
	assert_string_equal(set.at[1].service.name, "second");
	assert_string_equal(set.at[2].service.name, "third");
	descriptor_set_finish(&set);
	problems_finish(&problems);
}

static void refuses_what_is_not_there(void **state)
{
	const char *missing[] = { path_of("nothing.yaml") }, *empty[] = { folder };
	UNUSED(state);
	expect(missing, 1, 0, "nothing.yaml");
	expect(empty, 1, 0, "no file that ends in .yaml");
}

static void refuses_one_key_claimed_twice(void **state)
{
	UNUSED(state);
	put_file("a.yaml", "same", "");
	put_file("b.yaml", "same", "");
	put_file("c.yaml", "other", "");
	const char *all[] = { folder };
	expect(all, 1, 0, "registers the key /services/same/localhost:50051, which");
	const char *twice[] = { path_of("c.yaml"), path_of("c.yaml") };
	expect(twice, 2, 0, "registers the key");
}

#define READ(name, output) "discover: {services: [{name: " name ", outputs: [{" output "}]}]}\n"

static void takes_both_kinds(void **state)
{
	UNUSED(state);
	put_file("a.yaml", "same", "");
	put_text("b.yaml", READ("same", "type: json, path: /tmp/same.json"));
	put_text("c.yaml", READ("same", "type: haproxy, socket: /tmp/same.json"));
	const char *all[] = { folder };
	expect(all, 1, 3, NULL);
	put_text("a.yaml", READ("same", "type: exec, command: [/bin/true]"));
	put_text("b.yaml", READ("same", "type: exec, command: [/bin/true]"));
	expect(all, 1, 3, NULL);
}

static void refuses_one_file_written_twice(void **state)
{
	UNUSED(state);
	put_text("a.yaml", READ("first", "type: json, path: /tmp/x"));
	put_text("b.yaml", READ("second", "type: nginx, path: /tmp/./x"));
	put_text("c.yaml", READ("second", "type: nginx, path: /tmp/y"));
	const char *all[] = { folder };
	expect(all, 1, 0, "b.yaml: writes the file /tmp/./x, which ");
	const char *two[] = { path_of("b.yaml"), path_of("c.yaml") };
	expect(two, 2, 2, NULL);
}

static void refuses_one_backend_written_twice(void **state)
{
	UNUSED(state);
	put_text("a.yaml", READ("first", "type: haproxy, socket: /run/h, backend: b"));
	put_text("b.yaml", READ("b", "type: haproxy, socket: /run/h"));
	put_text("c.yaml", READ("first", "type: haproxy, socket: /run/h"));
	const char *all[] = { folder };
	expect(all, 1, 0, "b.yaml: writes the backend b at /run/h, which ");
	const char *two[] = { path_of("a.yaml"), path_of("c.yaml") };
	expect(two, 2, 2, NULL);
}

/* Two services that differ as the format services has it may still meet in another. */
static void refuses_one_key_claimed_twice_in_any_format(void **state)
{
	static const char *const words[] = { "grpc-naming", "skydns", "go-zero", "kratos",
		"kitex" };
	static const char *const keys[] = { "same/localhost:50051, which",
		"/skydns/local/skydns/same/", "same/", "/microservices/same/localhost:50051, which",
		"kitex/registry-etcd/same/localhost:50051, which" };
	char first[80], second[80], key[120];
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		(void)snprintf(first, sizeof first, "register: {formats: [services, %s]}\n",
				words[i]);
		(void)snprintf(second, sizeof second,
				"register: {prefix: /b, formats: [%s, services]}\n", words[i]);
		(void)snprintf(key, sizeof key, "registers the key %s", keys[i]);
		put_file("a.yaml", "same", first);
		put_file("b.yaml", "same", second);
		const char *all[] = { folder };
		expect(all, 1, 0, key);
	}
}

static void warns_of_a_second_log_section(void **state)
{
	UNUSED(state);
	put_file("a.yaml", "first", "log:\n  level: debug\n");
	put_file("b.yaml", "second", "");
	const char *all[] = { folder };
	expect(all, 1, 2, "whose log section counts");
}

static void one_address_answers_for_all(void **state)
{
	UNUSED(state);
	put_file("a.yaml", "first", "");
	put_file("b.yaml", "second", "admin: {listen: localhost:1}\n");
	put_file("c.yaml", "third", "admin: {listen: localhost:1}\n");
	const char *all[] = { folder };
	expect(all, 1, 3, NULL);
	put_file("c.yaml", "third", "admin: {listen: localhost:2}\n");
	expect(all, 1, 3, "the agent listens on localhost:1");
}

static void one_bad_file_is_enough(void **state)
{
	UNUSED(state);
	put_file("a.yaml", "first", "");
	put_file("b.yaml", "second", "nonsense: 1\n");
	const char *all[] = { folder };
	expect(all, 1, 0, "nonsense");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(loads_files_and_folders, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_what_is_not_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_one_key_claimed_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(takes_both_kinds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_one_file_written_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
				refuses_one_backend_written_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
				refuses_one_key_claimed_twice_in_any_format, set_up, tear_down),
		cmocka_unit_test_setup_teardown(warns_of_a_second_log_section, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_address_answers_for_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_bad_file_is_enough, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
