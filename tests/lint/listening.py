#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tests listen on TCP through lib/ports.py, or on the ports of tests/unit/loopback.h, and not by themselves.

A socket without SO_REUSEADDR cannot be bound to a port that still has connections of an earlier
server; a port of the kernel's that was let go may be anybody's a moment later. In Python nothing else
makes a listening socket or binds one, in C nothing else binds one of the loopback, but for files in
ALLOWED, which say why. Unix sockets are nobody else's.
"""

import ast
import re

import tree

ALLOWED = {
    "tests/integration/lib/ports.py": "the place for it",
    "tests/integration/lib/dns.py": "datagrams, on port 53 of an address of its own",
    "tests/chaos/netproxy.py": "a process without the library, told which port is its own",
    "tests/unit/loopback.h": "the place for it",
    "tests/unit/source_port.h": "whether somebody else can",
    "tests/unit/test_probe_kinds.c": "of ::1, held as long as it is needed",
    "tests/unit/h2_peer.c": "of ::1, where another address is not to be asked",
    "tests/unit/test_admin_doors.c": "the other end: the address that a client comes from",
}
MAKES = {"create_server"}
SERVERS = re.compile(r"(HTTP|TCP|UDP)Server$")
BINDS = re.compile(r"(?<![\w.>])bind\(")
INET = re.compile(r"\bAF_INET6?\b")


def is_python(root, path):
    if path.suffix == ".py":
        return True
    with open(root / path, "rb") as opened:
        return not path.suffix and b"python" in opened.readline(100)


def name_of(call):
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def complaint(call):
    """What is wrong with a call; None when nothing is."""
    name, first = name_of(call), call.args[0] if call.args else None
    if name in MAKES:
        return f"{name}(): listen with lib.ports.listen()"
    if name == "bind" and isinstance(first, ast.Tuple):
        return "bind() of a TCP address: listen with lib.ports.listen()"
    if SERVERS.search(name) and isinstance(first, ast.Tuple):
        return f"{name}() makes its own socket: give it one with lib.ports.serve_on()"
    if name == "start_server" and any(isinstance(a, ast.Constant) and a.value == 0 for a in call.args):
        return "start_server() on a port of the kernel's: take one with lib.ports.free_port()"
    return None


def in_python(root, path):
    for node in ast.walk(ast.parse((root / path).read_text())):
        wrong = complaint(node) if isinstance(node, ast.Call) else None
        if wrong:
            yield f"{path}:{node.lineno}: {wrong}"


def in_c(root, path):
    text = (root / path).read_text()
    if INET.search(text):
        for number, line in enumerate(text.splitlines(), 1):
            if BINDS.search(line):
                yield f"{path}:{number}: bind(): take a port with loopback_port() or loopback_listen()"


def main():
    root = tree.arguments(__doc__).parse_args().root
    findings, looked_at = [], 0
    for path in tree.files(root):
        if path.parts[0] != "tests" or str(path) in ALLOWED:
            continue
        look = in_c if tree.is_c(path) else in_python if is_python(root, path) else None
        if look:
            looked_at += 1
            findings.extend(look(root, path))
    tree.finish("listening", findings, looked_at)


if __name__ == "__main__":
    main()
