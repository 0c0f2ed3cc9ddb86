# SPDX-License-Identifier: Apache-2.0
"""Texts that mean something to whoever is careless with them, and what may come out of a program."""

import json
import os
import pty
import re
import select
import subprocess
import time

# Each would, taken as it is, leave its place in one of the things that svc-agent writes. What it would
# become there is called `forged`, so that finding that word in a wrong place is a finding.
HOSTILE = {
    "line": "a\n2026-01-01T00:00:00.000Z error forged line=1",
    "return": "a\r\x1b[2Kforged",
    "field": "a forged=1",
    "quote": 'a" forged="1',
    "apostrophe": "a' forged='1",
    "backslash": 'a\\" forged=1 \\',
    "colour": "\x1b[31mforged\x1b[0m",
    "title": "\x1b]0;forged\x07",
    "c1": "\x9b31mforged",
    "bell": "\x07\x08\x7fforged",
    "override": "\u202etxt.forged\u202c",
    "isolate": "\u2066forged\u2069",
    "separator": "a\u2028forged=1\u2029forged=2\x85forged=3",
    "percent": "%s%n%d%1$s forged",
    "variable": "$HOME ${HOME} $(touch forged) `touch forged`",
    "shell": "a; touch forged; a & touch forged | a > forged",
    "dots": "../../forged",
    "slashes": "/services/forged/localhost:1",
    "nginx": "a; } server 10.0.0.1:80; upstream forged { # ",
    "haproxy": "a;add server coupon/forged 10.0.0.1:80\nadd server coupon/forged 10.0.0.1:80 <<",
    "yaml": "a\nforged: {x: 1} # - &a *a !!b",
    "json": 'a","forged":1,"a":{"',
    "metric": 'a"} 1\nforged{a="',
    "notify": "a\nREADY=1\nSTATUS=forged",
    "markup": "<b>forged</b>&amp;",
    "wide": "\ufeff\u200bforged\U0001f600\U000e0041",
    "long": "forged " * 300,
}

# What is no text at all: keys and values in etcd, variables and the output of programs may be any bytes.
BYTES = {
    "invalid": b"\xff\xfe forged",
    "overlong": b"\xc0\xafforged\xc0\x8a",
    "surrogate": b"\xed\xa0\x80forged",
    "cut": b"forged\xe2\x82",
    "c1": b"\x9b31mforged",
}

OURS = re.compile(r"\x1b\[(?:0|2|3[123])m")  # the colours that tables have
STEERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def harmless(octets, coloured=False):
    """The text of it: UTF-8 with nothing in it that steers a terminal, or turns or ends a line."""
    text = octets.decode() if isinstance(octets, bytes) else octets
    seen = STEERS.search(OURS.sub("", text) if coloured else text)
    assert seen is None, f"{seen[0]!r} in {text[max(0, seen.start() - 60) : seen.end() + 60]!r}"
    return text


def on_terminal(argv, env, until=None, timeout=120):
    """What a program writes to a terminal that is all it has, with the terminal's own line ends taken
    off; to its end, or until `until(octets)` is true, when it is ended."""
    ours, its = pty.openpty()
    child = subprocess.Popen(
        [str(word) for word in argv], env=env, stdin=its, stdout=its, stderr=its, start_new_session=True
    )
    os.close(its)
    seen, deadline = b"", time.monotonic() + timeout
    try:
        while True:
            assert time.monotonic() < deadline, f"no end of it: {seen[-2000:]!r}"
            if until is not None and until(seen):
                break
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    more = os.read(ours, 65536)
                except OSError:  # EIO: nobody has its other side any more
                    break
                if not more:
                    break
                seen += more
    finally:
        os.close(ours)  # first: it may be writing to it
        if until is not None:
            child.terminate()
        child.wait(timeout)
    return seen.replace(b"\r\n", b"\n")


HEAD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warn |info |debug) ")
VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"\\=]*)')


def fields_of(line):
    """The message and the fields of a line of the log, strictly; a sentence is under None."""
    if line.startswith("{"):
        fields = json.loads(line)
        fields.pop("time"), fields.pop("level")
        return fields.pop("msg"), fields
    head = HEAD.match(line)
    assert head, f"no line of a log: {line!r}"
    rest, fields = line[head.end() :], {}
    if rest.startswith('"'):
        first = VALUE.match(rest)
        message, rest = first[1], rest[first.end() :]
    else:
        message = re.match(r"[^\"\\=]*?(?= \w+=| \"|$)", rest)[0]
        rest = rest[len(message) :]
    while rest:
        assert rest[0] == " ", f"{rest!r} of {line!r}"
        named = re.match(r" (\w+)=", rest)
        rest = rest[named.end() :] if named else rest[1:]
        value = VALUE.match(rest)
        assert value and (named or value[1] is not None), f"{rest!r} of {line!r}"
        name = named[1] if named else None
        assert name not in fields, f"{name} is there twice: {line!r}"
        fields[name] = value[1] if value[1] is not None else value[2]
        rest = rest[value.end() :]
    return message, fields
