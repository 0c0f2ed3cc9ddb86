/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/doctor/doctor_codes.h"

#include <assert.h>

#include "agent/util.h"

struct row {
	enum doctor_level level;
	const char *token, *advice;
};

#define OK      DOCTOR_LEVEL_OK
#define SKIPPED DOCTOR_LEVEL_SKIPPED
#define WARNING DOCTOR_LEVEL_WARNING
#define PROBLEM DOCTOR_LEVEL_PROBLEM

/* The words that name a code, and the code as text. */
#define ROW(code, level, advice) [code] = { level, #code, advice }

/* clang-format off */
static const struct row rows[] = {
	[DOCTOR_OK]      = { OK, NULL, NULL },
	[DOCTOR_SKIPPED] = { SKIPPED, NULL, NULL },

	ROW(DESCRIPTOR_BAD,         PROBLEM, "correct the place that is named; `svc-agent check` shows all of it"),
	ROW(DESCRIPTOR_DOUBTFUL,    WARNING, "look whether that is meant"),
	ROW(ENVIRONMENT_UNUSED,     WARNING, "write ${NAME} into the descriptor where the variable is to count, or unset it"),

	ROW(NAME_UNKNOWN,           PROBLEM, "correct the name in etcd.endpoints, or make it known: DNS, /etc/hosts, the name of the container"),
	ROW(NAME_TIMEOUT,           PROBLEM, "look at /etc/resolv.conf and at the name server that it names: it gives no answer"),

	ROW(ETCD_REFUSED,           PROBLEM, "start etcd there, or correct host and port; in a container localhost is the container itself"),
	ROW(ETCD_UNREACHABLE,       PROBLEM, "look at the network between here and there: routes, addresses, firewall"),
	ROW(ETCD_TIMEOUT,           PROBLEM, "look for a firewall that drops, for a member that hangs, and at etcd.request_timeout"),
	ROW(ETCD_BROKEN,            PROBLEM, "look into the log of that member, and at what is between: proxies and load balancers must let HTTP/2 pass"),
	ROW(ETCD_NOT_ETCD,          PROBLEM, "another program has this port: correct it; etcd's port for clients is 2379, not that for its peers"),
	ROW(ETCD_ERROR,             PROBLEM, "look into the log of that member"),
	ROW(ETCD_TLS_WANTED,        PROBLEM, "write https:// before each member in etcd.endpoints, and etcd.tls.ca_file"),
	ROW(ETCD_TLS_ABSENT,        PROBLEM, "write http:// in etcd.endpoints and no etcd.tls, or give that member a certificate"),
	ROW(ETCD_TLS_FAILED,        PROBLEM, "compare the versions and ciphers of TLS at both ends"),
	ROW(ETCD_TLS_FILES,         PROBLEM, "correct the files of etcd.tls: there, readable for this user, PEM, key and certificate of one pair"),
	ROW(ETCD_TLS_CLIENT,        PROBLEM, "set etcd.tls.cert_file and key_file to a certificate of the authority that etcd trusts (--trusted-ca-file)"),
	ROW(ETCD_TLS_NAME,          PROBLEM, "use a name in etcd.endpoints that the certificate holds, or set etcd.tls.server_name to one"),
	ROW(ETCD_TLS_UNCHECKED,     WARNING, "take etcd.tls.insecure_skip_verify away and set ca_file: as it is, anyone can play etcd"),
	ROW(ETCD_CERT_UNTRUSTED,    PROBLEM, "set etcd.tls.ca_file to the authority that has signed the certificate of etcd"),
	ROW(ETCD_CERT_EXPIRED,      PROBLEM, "renew the certificate of that member; look at the clock of this machine, too"),
	ROW(ETCD_CERT_NOT_YET,      PROBLEM, "look at the clock of this machine, and at that where the certificate was made"),
	ROW(ETCD_CERT_ENDS,         WARNING, "renew the certificate of that member in time"),
	ROW(ETCD_NO_LEADER,         PROBLEM, "start the members that are missing: more than half must run and reach each other on their peer ports"),
	ROW(ETCD_LEARNER,           WARNING, "promote it (etcdctl member promote), or leave it out of etcd.endpoints: a learner serves no clients"),
	ROW(ETCD_ALARM_NOSPACE,     PROBLEM, "compact and defragment etcd, raise --quota-backend-bytes if need be, then etcdctl alarm disarm"),
	ROW(ETCD_ALARM_CORRUPT,     PROBLEM, "a member holds other data than the rest: take it out of the cluster and add it anew, empty"),
	ROW(ETCD_CLUSTERS_DIFFER,   PROBLEM, "leave only the members of one cluster in etcd.endpoints"),
	ROW(CLIENT_CERT_EXPIRED,    PROBLEM, "renew etcd.tls.cert_file; it is read anew without a restart"),
	ROW(CLIENT_CERT_ENDS,       WARNING, "renew etcd.tls.cert_file in time; it is read anew without a restart"),

	ROW(AUTH_FAILED,            PROBLEM, "compare etcd.username and the password with etcdctl user list; etcdctl user passwd sets a new one"),
	ROW(AUTH_NO_PASSWORD,       PROBLEM, "make etcd.password_file readable for this user, with the password alone in it"),
	ROW(AUTH_NEEDED,            PROBLEM, "set etcd.username and etcd.password_file: this etcd has authentication switched on"),
	ROW(AUTH_OFF,               WARNING, "switch authentication on (etcdctl auth enable), or take etcd.username away: as it is, everybody may write"),
	ROW(AUTH_ERROR,             PROBLEM, "look into the log of that member"),
	ROW(PERMISSION_DENIED,      PROBLEM, "give the user's role readwrite on the prefix of the key: OPERATIONS.md, \"What etcd has to allow\""),
	ROW(PERMISSION_READ,        PROBLEM, "give the user's role read on this prefix: OPERATIONS.md, \"What etcd has to allow\""),

	ROW(PORT_REFUSED,           PROBLEM, "start the service, or correct service.port and probe.target; it must listen on that address"),
	ROW(PORT_UNREACHABLE,       PROBLEM, "correct probe.target"),
	ROW(PORT_SILENT,            PROBLEM, "the service hangs or is overloaded, or probe.timeout is too short for it"),
	ROW(PORT_RESET,             PROBLEM, "look into the log of the service: it hangs up before it answers"),
	ROW(PORT_NOT_GRPC,          PROBLEM, "another program or protocol has this port: correct service.port or probe.target, or set probe.type"),
	ROW(PORT_NOT_HTTP,          PROBLEM, "another program or protocol has this port: correct service.port or probe.target, or set probe.type"),
	ROW(PORT_TLS_WANTED,        PROBLEM, "the service speaks TLS: add probe.tls with ca_file and server_name"),
	ROW(PORT_TLS_ABSENT,        PROBLEM, "the service speaks no TLS: take probe.tls away"),
	ROW(PORT_TLS_FAILED,        PROBLEM, "compare the versions and ciphers of TLS at both ends; HTTP/2 has to be offered (ALPN h2)"),
	ROW(PORT_TLS_FILES,         PROBLEM, "correct the files of probe.tls: there, readable for this user, PEM, key and certificate of one pair"),
	ROW(PORT_TLS_CLIENT,        PROBLEM, "set probe.tls.cert_file and key_file to a certificate that the service takes"),
	ROW(PORT_TLS_NAME,          PROBLEM, "set probe.tls.server_name to a name that the certificate holds"),
	ROW(PORT_TLS_UNCHECKED,     WARNING, "take probe.tls.insecure_skip_verify away and set ca_file"),
	ROW(PORT_CERT_UNTRUSTED,    PROBLEM, "set probe.tls.ca_file to the authority that has signed the certificate of the service"),
	ROW(PORT_CERT_EXPIRED,      PROBLEM, "renew the certificate of the service; look at the clock of this machine, too"),
	ROW(PORT_CERT_NOT_YET,      PROBLEM, "look at the clock of this machine, and at that where the certificate was made"),
	ROW(PORT_CERT_ENDS,         WARNING, "renew the certificate of the service in time"),
	ROW(PROBE_FAILED,           PROBLEM, "do by hand what the probe does, and look into the log of the service"),
	ROW(PROBE_OWN_TROUBLE,      PROBLEM, "look at the limits of this machine: open files, memory, ports"),

	ROW(HEALTH_NOT_SERVING,     PROBLEM, "the service itself says so: look into its log"),
	ROW(HEALTH_UNKNOWN_SERVICE, PROBLEM, "set probe.service to a name that the health service knows; empty is the whole server"),
	ROW(HEALTH_NO_STATUS,       PROBLEM, "the service has to set its status: SERVING once it is ready"),
	ROW(HEALTH_ABSENT,          WARNING, "add grpc.health.v1 to the service: as it is, only an open port is seen"),
	ROW(HEALTH_REQUIRED,        PROBLEM, "add grpc.health.v1 to the service, or set probe.unimplemented to pass"),
	ROW(HEALTH_NO_WATCH,        PROBLEM, "set probe.mode to auto or check: this server has no Health/Watch"),
	ROW(HEALTH_ERROR,           PROBLEM, "look into the log of the service: its health service fails"),
	ROW(HEALTH_HTTP_STATUS,     PROBLEM, "look into the log of the service, and compare probe.path with the path that it answers"),
	ROW(HEALTH_COMMAND_FAILED,  PROBLEM, "run probe.command by hand, as this user: its exit status and what it writes say more"),
	ROW(HEALTH_COMMAND_MISSING, PROBLEM, "correct probe.command: its first word must be a program that this user may run"),

	ROW(KEY_ABSENT,             WARNING, "start the agent with this descriptor; if it runs, look at `svc-agent status` and its log"),
	ROW(KEY_NO_LEASE,           WARNING, "delete it (etcdctl del), unless it is meant to stay: a key without a lease never goes by itself; an agent that runs puts its own"),
	ROW(KEY_FOREIGN_LEASE,      WARNING, "find out who else registers this host and port: an agent stands by as long as a newer one holds the key"),
	ROW(KEY_LEASE_GONE,         WARNING, "wait: etcd is about to remove it"),
	ROW(KEY_OTHER_VALUE,        WARNING, "reload or restart the agent, or find out who else writes this key"),
	ROW(KEY_UNREADABLE,         WARNING, "delete it or correct who writes it: readers pass over it"),
	ROW(PREFIX_EMPTY,           WARNING, "compare the prefix and the name with those of the descriptors that register"),

	ROW(OUTPUT_FOLDER,          PROBLEM, "make the folder, and let this user write into it: a file is replaced by a new one beside it"),
	ROW(OUTPUT_SOCKET,          PROBLEM, "start HAProxy with `stats socket PATH level admin`, and let this user open it"),
	ROW(OUTPUT_BACKEND,         PROBLEM, "name a backend that HAProxy has"),
	ROW(OUTPUT_COMMAND,         PROBLEM, "correct the command: its first word must be a program that this user may run"),

	ROW(ADMIN_SILENT,           WARNING, "start the agent; if it runs, with a descriptor that has this admin.listen"),
	ROW(ADMIN_OTHER,            WARNING, "another program has this address: choose another one for admin.listen"),
};
/* clang-format on */

static_assert(ARRAY_LEN(rows) == N_DOCTOR_CODES, "every code has its row");

enum doctor_level doctor_code_level(enum doctor_code code)
{
	return rows[code].level;
}

const char *doctor_code_token(enum doctor_code code)
{
	return rows[code].token;
}

const char *doctor_code_advice(enum doctor_code code)
{
	return rows[code].advice;
}

const char *doctor_level_name(enum doctor_level level)
{
	static const char *const names[] = {
		[OK] = "ok",
		[SKIPPED] = "skipped",
		[WARNING] = "warning",
		[PROBLEM] = "problem",
	};

	return names[level];
}
