/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/descriptors.h"

#define BAD_DIR CONF_DIR "/../tests/descriptors/bad"

/* Calls `take` with the path of each .yaml file of a folder; returns how many there were. */
static size_t each_file(const char *folder, void (*take)(const char *path))
{
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	size_t n = 0;
	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		const char *dot = strrchr(entry->d_name, '.');
		if (dot != NULL && strcmp(dot, ".yaml") == 0) {
			char path[512];
			snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
			take(path);
			n++;
		}
	}
	closedir(dir);
	return n;
}

/* The files that a shipped descriptor names are there or not: the machine's affair. */
static void expect_warnings_of_files(struct problems *problems)
{
	show(problems);
	for (size_t i = 0; i < problems->n; i++) {
		assert_true(problems->at[i].warning);
		assert_non_null(strstr(problems->at[i].text, " now: "));
	}
	problems_finish(problems);
}

static void load_shipped_reader(const char *path)
{
	static const char *const names[] = { "coupon-service", "point-service",
		"timesale-service" };
	struct descriptor d;
	struct problems problems = { 0 };
	setenv("ETCD_HOSTS", "a:1,b:2", 1);
	setenv("GATEWAY_RUN_DIR", "/tmp", 1);
	assert_int_equal(descriptor_load(&d, path, &problems), 0);
	assert_int_equal(problems.n, 0);
	assert_int_equal(d.etcd.endpoints.n, 2);
	assert_int_equal(d.discover.n_services, ARRAY_LEN(names));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char file[80];
		const struct discover_service *service = &d.discover.services[i];
		snprintf(file, sizeof(file), "/tmp/%s.json", names[i]);
		assert_string_equal(service->name, names[i]);
		assert_int_equal(service->n_outputs, 1);
		assert_int_equal(service->outputs[0].type, OUTPUT_JSON);
		assert_string_equal(service->outputs[0].path, file);
	}
	descriptor_finish(&d);
	clear_environment(NULL);
}

static void load_shipped(const char *path)
{
	struct descriptor d;
	struct problems problems = { 0 };
	assert_int_equal(descriptor_load(&d, path, &problems), 0);
	expect_warnings_of_files(&problems);
	if (d.discover.on) {
		descriptor_finish(&d);
		load_shipped_reader(path);
		return;
	}
	assert_string_equal(d.service.host, "localhost");
	descriptor_finish(&d);

	setenv("SERVICE_NAME", "other", 1);
	setenv("SERVICE_HOST", "10.1.2.3", 1);
	setenv("GRPC_PORT", "1234", 1);
	setenv("ETCD_HOSTS", "a:1,b:2", 1);
	assert_int_equal(descriptor_load(&d, path, &problems), 0);
	expect_warnings_of_files(&problems);
	assert_string_equal(d.service.name, "other");
	assert_string_equal(d.service.host, "10.1.2.3");
	assert_int_equal(d.service.port, 1234);
	assert_int_equal(d.etcd.endpoints.n, 2);
	descriptor_finish(&d);
	clear_environment(NULL);
}

static void loads_all_that_is_shipped(void **state)
{
	UNUSED(state);
	assert_true(each_file(CONF_DIR, load_shipped) >= 5);

	static const struct {
		const char *file, *name;
		uint32_t port;
	} rows[] = {
		{ CONF_DIR "/coupon.yaml", "coupon-service", 50051 },
		{ CONF_DIR "/point.yaml", "point-service", 50052 },
		{ CONF_DIR "/timesale.yaml", "timesale-service", 50053 },
		{ CONF_DIR "/coupon-tls.yaml", "coupon-service", 50054 },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct descriptor d;
		struct problems problems = { 0 };
		assert_int_equal(descriptor_load(&d, rows[i].file, &problems), 0);
		assert_string_equal(d.service.name, rows[i].name);
		assert_int_equal(d.service.port, rows[i].port);
		descriptor_finish(&d);
		problems_finish(&problems);
	}
}

static void ships_one_with_tls_and_a_user(void **state)
{
	struct descriptor d;
	struct problems problems = { 0 };
	UNUSED(state);
	assert_int_equal(descriptor_load(&d, CONF_DIR "/coupon-tls.yaml", &problems), 0);
	assert_int_equal(d.etcd.endpoints.n, 3);
	for (size_t i = 0; i < d.etcd.endpoints.n; i++) {
		assert_true(d.etcd.endpoints.at[i].tls);
	}
	assert_true(d.etcd.tls.on);
	assert_string_not_equal(d.etcd.tls.ca_file, "");
	assert_string_not_equal(d.etcd.tls.cert_file, "");
	assert_string_not_equal(d.etcd.tls.key_file, "");
	assert_string_not_equal(d.etcd.username, "");
	assert_string_not_equal(d.etcd.password_file, "");
	assert_false(d.probe.tls.on);
	descriptor_finish(&d);
	problems_finish(&problems);
}

/*
 * A bad descriptor says what it expects in its first lines, one a problem and
 * in order: `# expect: LINE:COLUMN: key.path: sentence`, without the place when
 * it has none. `# env: NAME=value` sets a variable for it.
 */
struct expectations {
	char *lines[64]; /* owned */
	size_t n;
};

static void read_heading(const char *path, struct expectations *e)
{
	FILE *in = fopen(path, "r");
	assert_non_null(in);
	char line[1024];
	while (fgets(line, sizeof(line), in) != NULL && line[0] == '#') {
		line[strcspn(line, "\n")] = '\0';
		char *equals = strchr(line, '=');
		if (strncmp(line, "# expect: ", 10) == 0) {
			assert_true(e->n < ARRAY_LEN(e->lines));
			char *expected = NULL;
			bool placed = line[10] >= '0' && line[10] <= '9';
			int n = asprintf(&expected, "%s:%s%s", path, placed ? "" : " ", line + 10);
			assert_true(n > 0);
			e->lines[e->n++] = expected;
		} else if (strncmp(line, "# env: ", 7) == 0 && equals != NULL) {
			*equals = '\0';
			setenv(line + 7, equals + 1, 1);
		}
	}
	fclose(in);
}

static void refuse_bad(const char *path)
{
	struct expectations e = { 0 };
	struct problems problems = { 0 };
	struct descriptor d;
	print_message("%s\n", path);
	read_heading(path, &e);
	int result = descriptor_load(&d, path, &problems);
	show(&problems);
	assert_int_equal(result, -1);
	assert_true(e.n > 0);
	assert_int_equal(problems.n, e.n);
	assert_int_equal(problems.n_errors, e.n);
	for (size_t i = 0; i < e.n; i++) {
		assert_string_equal(problems.at[i].text, e.lines[i]);
		free(e.lines[i]);
	}
	static const struct descriptor zero;
	assert_memory_equal(&d, &zero, sizeof(d));
	problems_finish(&problems);
	clear_environment(NULL);
}

static void refuses_all_that_is_bad(void **state)
{
	UNUSED(state);
	assert_true(each_file(BAD_DIR, refuse_bad) >= 200);
}

static void says_when_a_file_cannot_be_read(void **state)
{
	UNUSED(state);
	struct problems problems = { 0 };
	struct descriptor d;
	assert_int_equal(descriptor_load(&d, "/nosuch/file.yaml", &problems), -1);
	assert_int_equal(descriptor_load(&d, "/", &problems), -1);
	assert_int_equal(problems.n, 2);
	assert_string_equal(problems.at[0].text,
			"/nosuch/file.yaml: cannot be read: No such file or directory");
	assert_string_equal(problems.at[1].text, "/: cannot be read: Is a directory");
	assert_null(d.file);
	problems_finish(&problems);
}

/* In a folder of descriptors anybody may have left one: it would never end. */
static void waits_for_no_pipe(void **state)
{
	UNUSED(state);
	char path[] = "/tmp/test_descriptor_files.XXXXXX", file[sizeof path + 8];
	struct problems problems = { 0 };
	struct descriptor d;

	assert_non_null(mkdtemp(path));
	(void)snprintf(file, sizeof file, "%s/a.yaml", path);
	assert_int_equal(mkfifo(file, 0600), 0);
	(void)alarm(60);
	assert_int_equal(descriptor_load(&d, file, &problems), -1);
	assert_int_equal(descriptor_load(&d, "/dev/zero", &problems), -1);
	(void)alarm(0);
	assert_int_equal(problems.n, 2);
	assert_non_null(strstr(problems.at[0].text, "a.yaml: is not a regular file"));
	assert_string_equal(problems.at[1].text,
			"/dev/zero: is not a regular file, which can be read again");
	problems_finish(&problems);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(loads_all_that_is_shipped, clear_environment),
		cmocka_unit_test_setup(ships_one_with_tls_and_a_user, clear_environment),
		cmocka_unit_test_setup(refuses_all_that_is_bad, clear_environment),
		cmocka_unit_test_setup(says_when_a_file_cannot_be_read, clear_environment),
		cmocka_unit_test_setup(waits_for_no_pipe, clear_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
