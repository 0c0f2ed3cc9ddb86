#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the map of the program: which file may include what.

Three rules, over every #include of agent/ and probes/:

- one door per library: DOORS names the only files that may include its header;
- the pure modules, those that CMakeLists.txt lists under svc_base and svc_pure, reach neither the
  loop nor a socket, also not by way of a header of ours;
- dependencies run one way: a module includes only modules of its own layer or of a lower one, and
  no header reaches itself.
"""

import fnmatch
import re

import tree

# header: the files that may include it
DOORS = {
    "nghttp2/*": ["agent/net/h2_session.c"],
    "yaml.h": ["agent/descriptor/yaml.c"],
    "cjson/*": [
        "agent/doctor/doctor_findings.c", "agent/format_*.c", "agent/json_*.c", "agent/listing_text.c",
        "agent/admin/status_json.c", "agent/admin/status_read.c",
        "agent/outputs/document.c", "agent/outputs/envoy_text.c",
    ],
    "cJSON.h": [],  # Debian's is cjson/cJSON.h
    "etcd.pb-c.h": [
        "agent/net/etcd_codec.c", "agent/net/etcd_key_codec.c",
        "agent/net/etcd_maintenance_codec.c",
        "agent/net/etcd_read_codec.c",
    ],
    "health.pb-c.h": ["probes/health_message.c"],
    "protobuf-c/*": ["agent/net/scratch.h"],  # else the generated headers bring it
    # What is loaded when it is needed comes by way of the table of its functions alone.
    "curl/*": ["agent/net/curl_library.h"],
    "agent/net/curl_library.h": ["agent/net/curl_*.c"],
    "openssl/*": ["agent/net/openssl_library.h"],
    "agent/net/openssl_library.h": [
        "agent/net/h2_tls.c", "agent/net/openssl_library.c", "agent/net/tls_context.c",
        "agent/net/tls_look.c",
    ],
    "microhttpd.h": ["agent/admin/microhttpd_library.h"],
    "agent/admin/microhttpd_library.h": [
        "agent/admin/admin.c", "agent/admin/microhttpd_library.c",
    ],
    "seccomp.h": ["agent/seccomp_library.h"],
    "agent/seccomp_library.h": ["agent/seccomp_filter.c", "agent/seccomp_library.c"],
    "dlfcn.h": ["agent/library.c"],
}

# What a pure module never reaches, and who may all the same.
IMPURE = [
    "ev.h", "curl/*", "nghttp2/*", "sys/socket.h", "sys/un.h", "sys/epoll.h", "netdb.h",
    "netinet/tcp.h", "poll.h", "sys/select.h", "signal.h", "sys/signalfd.h", "sys/wait.h",
]
EXCEPTIONS = {
    # The list of interfaces is looked up; nothing is opened.
    ("agent/interface", "sys/socket.h"),
    # Whether stderr would block is asked before each line.
    ("agent/log", "poll.h"),
    # The numbers of address families.
    ("agent/sandbox_calls", "sys/socket.h"),
}

# Highest first. A name with a * stands for several modules; "pure" is filled from CMakeLists.txt.
LAYERS = [
    ("main", ["agent/main", "agent/options"]),
    ("agent", ["agent/agent", "agent/probe_once", "agent/listing", "agent/listing_follow",
        "agent/admin/control", "agent/doctor/doctor"]),
    ("stage", ["agent/listing_stage"]),
    ("doctor's checks", ["agent/doctor/doctor_*"]),  # those of them that are pure may be above, too
    ("answering", ["agent/answering"]),
    ("units", ["agent/units", "agent/units_plan", "agent/units_status", "agent/open_files"]),
    ("unit", ["agent/unit"]),
    ("clusters", ["agent/clusters"]),
    ("service", ["agent/service", "agent/reader"]),
    ("machines", [
        "agent/registration", "agent/registration_log", "agent/prober", "agent/follower",
        "agent/audit", "agent/telling", "agent/admin/admin", "agent/admin/admin_doors",
    ]),
    ("outputs", [
        "agent/outputs/output", "agent/outputs/output_kind",
        "agent/outputs/envoy", "agent/outputs/exec",
        "agent/outputs/file_output", "agent/outputs/file_write", "agent/outputs/haproxy", "agent/outputs/json",
        "agent/outputs/nginx",
    ]),
    ("needs", ["agent/needs"]),
    ("clients", [
        "agent/net/etcd", "agent/net/etcd_auth", "agent/net/etcd_batch", "agent/net/etcd_call",
        "agent/net/etcd_channel", "agent/net/etcd_look", "agent/net/etcd_read",
        "agent/net/etcd_renew", "agent/net/etcd_route", "agent/net/etcd_watch",
        "probes/attempts", "probes/exec", "probes/grpc", "probes/http", "probes/kinds",
        "probes/probe", "probes/tcp",
        "probes/call_reason",  # pure, but speaks of what the carrier says
        "probes/health_calls",  # pure, but made of what the carrier takes
    ]),
    ("calls", ["agent/net/carrier", "agent/net/carrier_line", "agent/net/carrier_ride",
        "agent/net/carrier_stream", "agent/net/name_lookup"]),
    ("carriers", ["agent/net/curl_*", "agent/net/h2_*", "agent/net/tls_context",
        "agent/net/name_query", "agent/net/tls_look", "agent/net/tls_shelf", "agent/net/waiting",
        "agent/child", "agent/loop_memory", "agent/notify", "agent/rest", "agent/sandbox", "agent/seccomp_filter",
        "agent/standstill", "agent/thread", "agent/timer", "agent/turn_loop"]),
    ("libraries", ["agent/library", "agent/admin/microhttpd_library", "agent/net/openssl_library",
        "agent/seccomp_library"]),
    ("pure", ["agent/outputs/view"]),
    ("base", ["agent/util"]),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def module_of(path):
    """agent/net/etcd.c and agent/net/etcd.h are the module agent/net/etcd."""
    return str(path).rsplit(".", 1)[0]


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def library_modules(root, library):
    """The modules that CMakeLists.txt builds into one of our libraries."""
    text = (root / "CMakeLists.txt").read_text()
    listed = re.search(rf"add_library\({library} STATIC([^)]*)\)", text)
    return [module_of(name) for name in listed.group(1).split()] if listed else []


def read_includes(root, ours):
    return {str(f): INCLUDE.findall((root / f).read_text()) for f in ours}


def check_doors(includes):
    for name, headers in includes.items():
        for header in headers:
            for door, allowed in DOORS.items():
                if matches(header, [door]) and not matches(name, allowed):
                    yield f"{name}: includes {header}, which is for {allowed or 'nobody'}"


def reached_from(name, includes):
    """Every header that a file includes, itself or by way of ours, with the file that names it."""
    reached = {}
    waiting = [name]
    while waiting:
        at = waiting.pop()
        for header in includes.get(at, []):
            if header not in reached:
                reached[header] = at
                waiting.append(header)
    return reached


def check_pure(includes, pure):
    for name in includes:
        if module_of(name) not in pure:
            continue
        for header, by in reached_from(name, includes).items():
            if matches(header, IMPURE) and (module_of(by), header) not in EXCEPTIONS:
                yield f"{name}: is pure but reaches {header} (by way of {by})"


def layer_of(module, layers):
    for index, (_, modules) in enumerate(layers):
        if matches(module, modules):
            return index
    return None


def check_layers(includes, layers):
    for name, headers in includes.items():
        own = layer_of(module_of(name), layers)
        if own is None:
            yield f"{name}: is in no layer; give its module a place in tests/lint/includes.py"
            continue
        for header in headers:
            other = layer_of(module_of(header), layers) if header in includes else None
            if other is not None and other < own:
                yield (
                    f"{name}: is in layer {layers[own][0]}, "
                    f"so it may not include {header} of layer {layers[other][0]}"
                )


def check_rings(includes):
    for name in includes:
        if name.endswith(".h"):
            reached = reached_from(name, includes)
            if name in reached:
                yield f"{name}: includes itself, by way of {reached[name]}"


def check_exist(includes, root):
    """A header of ours is included by its path from the top of the tree."""
    for name, headers in includes.items():
        for header in headers:
            if header.startswith(("agent/", "probes/")) and not (root / header).exists():
                yield f"{name}: includes {header}, which does not exist"


def main():
    root = tree.arguments(__doc__).parse_args().root
    ours = [f for f in tree.c_files(root) if f.parts[0] in {"agent", "probes"}]
    includes = read_includes(root, ours)
    base = library_modules(root, "svc_base")
    pure = library_modules(root, "svc_pure")
    layers = [
        (name, modules + (pure if name == "pure" else base if name == "base" else []))
        for name, modules in LAYERS
    ]
    findings = []
    if not base or not pure:
        findings.append("CMakeLists.txt: svc_base and svc_pure cannot be read from it")
    findings.extend(check_doors(includes))
    findings.extend(check_pure(includes, base + pure))
    findings.extend(check_layers(includes, layers))
    findings.extend(check_rings(includes))
    findings.extend(check_exist(includes, root))
    tree.finish("includes", findings, len(includes))


if __name__ == "__main__":
    main()
