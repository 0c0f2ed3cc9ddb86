/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/descriptor/etcd_settings.h"
#include "agent/descriptor/scalar.h"
#include "tests/unit/descriptors.h"

#define EVERYTHING CONF_DIR "/../tests/descriptors/good/everything.yaml"

/* The caller finishes it. */
static struct descriptor load_everything(void)
{
	struct descriptor d;
	struct problems problems = { 0 };
	assert_int_equal(descriptor_load(&d, EVERYTHING, &problems), 0);
	show(&problems);
	assert_int_equal(problems.n, 0);
	return d;
}

struct wanted_tls {
	bool on;
	const char *ca_file, *cert_file, *key_file, *server_name;
};

static void assert_tls(const struct tls_settings *tls, const struct wanted_tls *wanted)
{
	assert_int_equal(tls->on, wanted->on);
	assert_string_equal(tls->ca_file, wanted->ca_file);
	assert_string_equal(tls->cert_file, wanted->cert_file);
	assert_string_equal(tls->key_file, wanted->key_file);
	assert_string_equal(tls->server_name, wanted->server_name);
	assert_false(tls->insecure_skip_verify);
}

/* ---- what a descriptor becomes ---------------------------------------------------------- */

static void fills_in_defaults(void **state)
{
	UNUSED(state);
	struct descriptor d = load_text(SERVICE);
	assert_string_equal(d.file, "f");
	assert_string_equal(d.service.name, "coupon-service");
	assert_string_equal(d.service.host, "localhost");
	assert_int_equal(d.service.port, 50051);
	assert_string_equal(d.service.protocol, "grpc");
	assert_int_equal(d.service.metadata.n, 0);
	assert_string_equal(d.registry.prefix, "/services");
	assert_int_equal(d.registry.ttl_ms, 10000);
	assert_int_equal(d.registry.formats.n, 1);
	assert_int_equal(d.registry.formats.at[0], FORMAT_SERVICES);
	assert_string_equal(d.registry.domain, "skydns.local");
	assert_int_equal(d.etcd.endpoints.n, 1);
	assert_string_equal(d.etcd.endpoints.at[0].host, "localhost");
	assert_int_equal(d.etcd.endpoints.at[0].port, 2379);
	assert_false(d.etcd.endpoints.at[0].tls);
	static const struct wanted_tls off = { false, "", "", "", "" };
	assert_tls(&d.etcd.tls, &off);
	assert_tls(&d.probe.tls, &off);
	assert_string_equal(d.etcd.username, "");
	assert_string_equal(d.etcd.password, "");
	assert_string_equal(d.etcd.password_file, "");
	assert_int_equal(d.etcd.request_timeout_ms, 2000);
	assert_int_equal(d.probe.target.kind, TARGET_INET);
	assert_string_equal(d.probe.target.inet.host, "localhost");
	assert_int_equal(d.probe.target.inet.port, 50051);
	assert_string_equal(d.probe.service, "");
	assert_int_equal(d.probe.mode, PROBE_MODE_AUTO);
	assert_int_equal(d.probe.interval_ms, 1000);
	assert_int_equal(d.probe.timeout_ms, 1000);
	assert_int_equal(d.probe.success_threshold, 1);
	assert_int_equal(d.probe.failure_threshold, 3);
	assert_int_equal(d.probe.initial_delay_ms, 0);
	assert_int_equal(d.probe.unimplemented, UNIMPLEMENTED_PASS);
	assert_int_equal(d.probe.metadata.n, 0);
	assert_int_equal(d.shutdown.linger_ms, 0);
	assert_int_equal(d.log.level, LOG_INFO);
	assert_int_equal(d.log.format, LOG_TEXT);
	descriptor_finish(&d);
	assert_null(d.service.name);
	descriptor_finish(&d);
}

static void reads_every_key(void **state)
{
	UNUSED(state);
	struct descriptor d = load_everything();
	assert_string_equal(d.service.host, "2001:db8::1");
	assert_int_equal(d.service.port, 1);
	assert_string_equal(d.service.protocol, "grpc+proto");
	assert_int_equal(d.service.metadata.n, 17);
	assert_string_equal(d.registry.prefix, "/team/services");
	assert_int_equal(d.registry.ttl_ms, 60000);
	static const enum format formats[] = { FORMAT_KITEX, FORMAT_SERVICES, FORMAT_SKYDNS,
		FORMAT_KRATOS, FORMAT_GRPC_NAMING };
	assert_int_equal(d.registry.formats.n, ARRAY_LEN(formats));
	assert_memory_equal(d.registry.formats.at, formats, sizeof(formats));
	assert_string_equal(d.registry.domain, "Example.org");
	static const struct endpoint endpoints[] = { { "etcd-1", 2380, true },
		{ "::1", 2379, true }, { "10.0.0.1", 2379, true }, { "etcd-2", 2379, true } };
	assert_int_equal(d.etcd.endpoints.n, ARRAY_LEN(endpoints));
	for (size_t i = 0; i < ARRAY_LEN(endpoints); i++) {
		assert_string_equal(d.etcd.endpoints.at[i].host, endpoints[i].host);
		assert_int_equal(d.etcd.endpoints.at[i].port, endpoints[i].port);
		assert_int_equal(d.etcd.endpoints.at[i].tls, endpoints[i].tls);
	}
	assert_int_equal(d.etcd.request_timeout_ms, 1500);
	assert_string_equal(d.etcd.username, "point: agent");
	assert_string_equal(d.etcd.password, "");
	assert_string_equal(d.etcd.password_file, "/dev/null");
	static const struct wanted_tls etcd_tls = { true, "/dev/null", "/dev/../dev/null",
		"/dev/./null", "::1" };
	assert_tls(&d.etcd.tls, &etcd_tls);
	assert_int_equal(d.probe.target.kind, TARGET_UNIX);
	assert_string_equal(d.probe.target.path, "/run/point service.sock");
	assert_string_equal(d.probe.service, "a b");
	assert_int_equal(d.probe.mode, PROBE_MODE_CHECK);
	assert_int_equal(d.probe.interval_ms, 2000);
	assert_int_equal(d.probe.timeout_ms, 500);
	assert_int_equal(d.probe.success_threshold, 2);
	assert_int_equal(d.probe.failure_threshold, 5);
	assert_int_equal(d.probe.initial_delay_ms, 3000);
	assert_int_equal(d.probe.unimplemented, UNIMPLEMENTED_FAIL);
	assert_int_equal(d.probe.metadata.n, 3);
	assert_string_equal(d.probe.metadata.at[0].text, "Bearer ${x}");
	for (size_t i = 0; i < d.probe.metadata.n; i++) {
		assert_int_equal(d.probe.metadata.at[i].kind, SCALAR_TEXT);
	}
	assert_string_equal(d.probe.metadata.at[1].text, "7");
	assert_string_equal(d.probe.metadata.at[2].text, "");
	static const struct wanted_tls probe_tls = { true, "/dev/zero", "/dev/../dev/zero",
		"/dev/./zero", "point.example.org" };
	assert_tls(&d.probe.tls, &probe_tls);
	assert_int_equal(d.shutdown.linger_ms, 5000);
	assert_int_equal(d.log.level, LOG_DEBUG);
	assert_int_equal(d.log.format, LOG_JSON);
	descriptor_finish(&d);
}

static void types_metadata(void **state)
{
	static const struct {
		enum scalar_kind kind;
		const char *name, *text;
	} rows[] = {
		{ SCALAR_TEXT, "version", "1.0.0" },
		{ SCALAR_NUMBER, "weight", "100" },
		{ SCALAR_NUMBER, "ratio", "1.10" },
		{ SCALAR_TRUE, "on", "true" },
		{ SCALAR_FALSE, "off", "false" },
		{ SCALAR_NULL, "none", "null" },
		{ SCALAR_TEXT, "quoted", "7" },
		{ SCALAR_TEXT, "word", "true" },
		{ SCALAR_TEXT, "nothing", "" },
		{ SCALAR_TEXT, "tilde", "~" },
		{ SCALAR_TEXT, "a: b", "x: y # z" },
		{ SCALAR_TEXT, "gr\xc3\xbc\xc3\x9f",
				"\xe2\x80\xa8\xef\xbb\xbf\x1b\n\t\"\\\xc3\xbc" },
		{ SCALAR_TEXT, "dollar", "${HOME} $HOME $" },
		{ SCALAR_TEXT, "list", "[a]" },
		{ SCALAR_TEXT, "dash", "- a" },
		{ SCALAR_TEXT, "colon", "a:" },
		{ SCALAR_NUMBER, "minus", "-5e-3" },
	};
	UNUSED(state);
	struct descriptor d = load_everything();
	assert_int_equal(d.service.metadata.n, ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(d.service.metadata.at[i].kind, rows[i].kind);
		assert_string_equal(d.service.metadata.at[i].name, rows[i].name);
		assert_string_equal(d.service.metadata.at[i].text, rows[i].text);
	}
	descriptor_finish(&d);
}

static void reads_the_environment_before_typing(void **state)
{
	UNUSED(state);
	static const char text[] = "service:\n"
				   "  name: ${SERVICE_NAME:-coupon-service}\n"
				   "  port: ${GRPC_PORT:-50051}\n"
				   "  metadata:\n"
				   "    a: ${SERVICE_HOST}\n"
				   "    b: \"${SERVICE_HOST}\"\n";
	setenv("GRPC_PORT", "6000", 1);
	setenv("SERVICE_HOST", "12", 1);
	setenv("ETCD_HOSTS", " etcd-1 , http://etcd-2:1234", 1);
	struct descriptor d = load_text(text);
	assert_string_equal(d.service.name, "coupon-service");
	assert_int_equal(d.service.port, 6000);
	assert_int_equal(d.probe.target.inet.port, 6000);
	assert_int_equal(d.service.metadata.at[0].kind, SCALAR_NUMBER);
	assert_int_equal(d.service.metadata.at[1].kind, SCALAR_TEXT);
	assert_string_equal(d.service.metadata.at[1].text, "12");
	assert_int_equal(d.etcd.endpoints.n, 2);
	assert_string_equal(d.etcd.endpoints.at[0].host, "etcd-1");
	assert_int_equal(d.etcd.endpoints.at[1].port, 1234);
	descriptor_finish(&d);

	setenv("ETCD_HOSTS", "", 1);
	d = load_text(SERVICE);
	assert_string_equal(d.etcd.endpoints.at[0].host, "localhost");
	descriptor_finish(&d);

	setenv("SERVICE_HOST", "\xff", 1);
	expect_problem("service: {name: a, port: 1, host: \"${SERVICE_HOST}\"}\n",
			"f:1:35: service.host: a variable in '${SERVICE_HOST}' holds no valid UTF-8",
			false);
}

static void finds_the_address_of_an_interface(void **state)
{
	UNUSED(state);
	struct descriptor d = load_text(SERVICE "  host: interface:lo\n");
	assert_string_equal(d.service.host, "127.0.0.1");
	descriptor_finish(&d);

	struct problems problems = { 0 };
	static const char text[] = SERVICE "  host: interface:nosuch0\n";
	assert_int_equal(descriptor_parse(&d, "f", text, strlen(text), &problems), -1);
	assert_int_equal(problems.n, 1);
	static const char begin[] =
			"f:4:9: service.host: there is no interface 'nosuch0' (there are: ";
	assert_memory_equal(problems.at[0].text, begin, strlen(begin));
	assert_non_null(strstr(problems.at[0].text, "lo"));
	problems_finish(&problems);
}

static void leaves_out_empty_sections(void **state)
{
	UNUSED(state);
	struct descriptor d = load_text(SERVICE "  metadata:\nprobe:\nlog: {}\nshutdown: ~\n");
	assert_int_equal(d.service.metadata.n, 0);
	assert_int_equal(d.log.level, LOG_INFO);
	descriptor_finish(&d);
}

/* ---- TLS and users ---------------------------------------------------------------------- */

static void turns_tls_on(void **state)
{
	static const struct {
		const char *text;
		bool etcd, probe;
	} rows[] = {
		{ "etcd: {endpoints: \"a,b\"}\n", false, false },
		{ "etcd: {endpoints: \"http://a,b\"}\n", false, false },
		{ "etcd: {endpoints: \"https://a,https://b\"}\n", true, false },
		{ "etcd: {endpoints: \"https://a/,b\", tls: {}}\n", true, false },
		{ "etcd: {tls: {}, endpoints: [a, b]}\n", true, false },
		{ "etcd: {endpoints: [a, b], tls: {ca_file: }}\n", true, false },
		{ "etcd: {tls: {}}\n", true, false },
		{ "etcd:\n  tls:\n    # ca_file: ca.pem\n", false, false },
		{ "etcd: {tls: ~}\nprobe: {tls: null}\n", false, false },
		{ "etcd: {tls: {ca_file: \"\", insecure_skip_verify: false}}\n", true, false },
		{ "probe: {tls: {}}\n", false, true },
		{ "probe: {tls: {server_name: a}}\netcd: {endpoints: http://a}\n", false, true },
	};
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char text[200];
		snprintf(text, sizeof(text), "%s%s", SERVICE, rows[i].text);
		struct descriptor d = load_text(text);
		assert_int_equal(d.etcd.tls.on, rows[i].etcd);
		assert_int_equal(d.probe.tls.on, rows[i].probe);
		for (size_t k = 0; k < d.etcd.endpoints.n; k++) {
			assert_int_equal(d.etcd.endpoints.at[k].tls, rows[i].etcd);
		}
		descriptor_finish(&d);
	}
}

static void takes_schemes_from_the_environment(void **state)
{
	UNUSED(state);
	setenv("ETCD_HOSTS", "https://etcd-1, https://etcd-2:1", 1);
	struct descriptor d = load_text(SERVICE);
	assert_true(d.etcd.tls.on);
	assert_true(d.etcd.endpoints.at[1].tls);
	assert_string_equal(d.etcd.endpoints.at[0].host, "etcd-1");
	assert_int_equal(d.etcd.endpoints.at[1].port, 1);
	descriptor_finish(&d);

	setenv("ETCD_HOSTS", "https://etcd-1,http://etcd-2", 1);
	expect_problem(SERVICE,
			"f: etcd.endpoints: in the default ${ETCD_HOSTS:-localhost:2379}: "
			"'http://etcd-2' does not say https://, but etcd-1 before it does: all of "
			"them or none",
			false);
}

static void reads_flags(void **state)
{
	UNUSED(state);
	struct descriptor d;
	struct problems problems = { 0 };
	static const char text[] = SERVICE "probe: {tls: {insecure_skip_verify: true}}\n";
	assert_int_equal(descriptor_parse(&d, "f", text, strlen(text), &problems), 0);
	assert_true(d.probe.tls.insecure_skip_verify);
	assert_false(d.etcd.tls.insecure_skip_verify);
	descriptor_finish(&d);
	problems_finish(&problems);
}

static void reads_users(void **state)
{
	UNUSED(state);
	setenv("ETCD_PASSWORD", "hush ${x} \xc3\xbc", 1);
	struct descriptor d = load_text(
			SERVICE "etcd: {username: agent, password: \"${ETCD_PASSWORD}\"}\n");
	assert_string_equal(d.etcd.username, "agent");
	assert_string_equal(d.etcd.password, "hush ${x} \xc3\xbc");
	assert_string_equal(d.etcd.password_file, "");
	descriptor_finish(&d);
	assert_null(d.etcd.password);

	d = load_text(SERVICE "etcd: {username: \"\", password: ~, password_file: }\n");
	assert_string_equal(d.etcd.username, "");
	assert_string_equal(d.etcd.password, "");
	descriptor_finish(&d);
}

/* Whatever is wrong with a password, it is not shown. */
static void keeps_passwords_to_itself(void **state)
{
	static const char text[] = SERVICE "etcd: {password: \"${ETCD_PASSWORD}\"}\n";
	UNUSED(state);
	setenv("ETCD_PASSWORD", "hush\xff", 1);
	expect_problem(text, "f:4:18: etcd.password: a variable in '********' holds no valid UTF-8",
			false);
	setenv("ETCD_PASSWORD", "hush\n", 1);
	expect_problem(text, "f:4:18: etcd.password: holds a control character", false);
	static const char literal[] = SERVICE "etcd: {username: a, password: \"%s\", tls: {}}\n";
	static const char *const passwords[] = { "hush", "hush $${x}", "$${hush", "hu$h}" };
	for (size_t i = 0; i < ARRAY_LEN(passwords); i++) {
		char whole[200];
		snprintf(whole, sizeof(whole), literal, passwords[i]);
		expect_problem(whole,
				"f:4:31: etcd.password: warning: stands in the file for all to "
				"read: better a password_file, or ${ETCD_PASSWORD}",
				true);
	}
}

static void tells_settings_apart(void **state)
{
	static const char *const texts[] = { "request_timeout: 1s", "endpoints: a", "endpoints: b",
		"endpoints: a:1", "endpoints: [a, b]", "endpoints: [b, a]", "endpoints: https://a",
		"tls: {}", "tls: {ca_file: /dev/null}",
		"tls: {cert_file: /dev/null, key_file: /dev/null}",
		"tls: {cert_file: /dev/null, key_file: /dev/zero}",
		"tls: {cert_file: /dev/zero, key_file: /dev/null}", "tls: {server_name: a}",
		"username: a, password_file: /dev/null", "username: b, password_file: /dev/null",
		"username: b, password_file: /dev/zero",
		"username: b, password: \"${ETCD_PASSWORD}\"",
		"username: b, password: \"${ETCD_PASSWORD}2\"" };
	struct descriptor all[ARRAY_LEN(texts)];
	UNUSED(state);
	setenv("ETCD_PASSWORD", "hush", 1);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char text[200];
		snprintf(text, sizeof(text), "%setcd: {%s}\n", SERVICE, texts[i]);
		all[i] = load_text(text);
		struct descriptor again = load_text(text);
		assert_true(etcd_settings_equal(&all[i].etcd, &again.etcd));
		descriptor_finish(&again);
		for (size_t k = 0; k < i; k++) {
			assert_false(etcd_settings_equal(&all[i].etcd, &all[k].etcd));
		}
	}
	all[0].etcd.tls.insecure_skip_verify = true;
	struct descriptor again = load_text(SERVICE "etcd: {request_timeout: 1s}\n");
	assert_false(etcd_settings_equal(&all[0].etcd, &again.etcd));
	all[0].etcd.tls.insecure_skip_verify = false;
	assert_true(etcd_settings_equal(&all[0].etcd, &again.etcd));
	all[0].etcd.endpoints.at[0].tls = true;
	assert_false(etcd_settings_equal(&all[0].etcd, &again.etcd));
	static const struct etcd_settings zero;
	assert_true(etcd_settings_equal(&zero, &zero));
	assert_false(etcd_settings_equal(&zero, &again.etcd));
	descriptor_finish(&again);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		descriptor_finish(&all[i]);
	}
}

/* ---- what is wrong ---------------------------------------------------------------------- */

static void takes_the_limits_themselves(void **state)
{
	static const char *const texts[] = { "register: {ttl: 2s}\n", "probe: {interval: 100ms}\n",
		"probe: {timeout: 10ms}\n", "probe: {success_threshold: 1000}\n",
		"etcd: {request_timeout: 50ms}\n", "probe: {initial_delay: 0s}\n" };
	UNUSED(state);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char text[200];
		snprintf(text, sizeof(text), "%s%s", SERVICE, texts[i]);
		struct descriptor d = load_text(text);
		descriptor_finish(&d);
	}
}

static void adds_to_what_is_there(void **state)
{
	UNUSED(state);
	struct problems problems = { 0 };
	struct descriptor d;
	problems_add(&problems, false, "g", 9, 9, NULL, "earlier");
	assert_int_equal(descriptor_parse(&d, "f", SERVICE, strlen(SERVICE), &problems), 0);
	assert_int_equal(problems.n, 1);
	descriptor_finish(&d);
	assert_int_equal(descriptor_parse(&d, "f", "x: 1\n", 5, &problems), -1);
	assert_string_equal(problems.at[0].text, "g:9:9: earlier");
	assert_string_equal(problems.at[1].text, "f:1:1: x: unknown key");
	assert_null(d.file);
	descriptor_finish(&d);
	problems_finish(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(fills_in_defaults, clear_environment),
		cmocka_unit_test_setup(reads_every_key, clear_environment),
		cmocka_unit_test_setup(types_metadata, clear_environment),
		cmocka_unit_test_setup(reads_the_environment_before_typing, clear_environment),
		cmocka_unit_test_setup(finds_the_address_of_an_interface, clear_environment),
		cmocka_unit_test_setup(leaves_out_empty_sections, clear_environment),
		cmocka_unit_test_setup(turns_tls_on, clear_environment),
		cmocka_unit_test_setup(takes_schemes_from_the_environment, clear_environment),
		cmocka_unit_test_setup(reads_flags, clear_environment),
		cmocka_unit_test_setup(reads_users, clear_environment),
		cmocka_unit_test_setup(keeps_passwords_to_itself, clear_environment),
		cmocka_unit_test_setup(tells_settings_apart, clear_environment),
		cmocka_unit_test_setup(takes_the_limits_themselves, clear_environment),
		cmocka_unit_test_setup(adds_to_what_is_there, clear_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
