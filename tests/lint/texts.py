#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Looks at every file as a text: licence line, endings, and words that do not belong here."""

import re

import tree

LICENSED = {".c", ".h", ".go", ".js", ".mjs", ".cjs", ".ts", ".proto", ".py", ".sh"}
LICENCE = "SPDX-License-Identifier: Apache-2.0"
C_LICENCE = f"/* {LICENCE} */"

# This file and its own test must be able to name what they look for.
SPARED = {"tests/lint/texts.py", "tests/lint/selftest.py"}

WORDS = [
    (re.compile(r"\b(TODO|FIXME|XXX)\b"), "unfinished work belongs in no commit"),
    (re.compile(r"(?<![\w.$}/:-])/(home|root|work|mnt|Users)/\w"), "a path of one machine"),
    (
        re.compile(r"\b(registry|mirror|proxy|deb|ftp|pypi|files|index)(\.[a-z0-9-]+)+\.(org|com|net|io)\b"),
        "a package registry's host; the machine's own settings choose it",
    ),
    (re.compile(r'"resolved":\s*"https?:'), "a package registry's host in a lock file"),
]


def check_licence(name, path, lines):
    if path.suffix in {".c", ".h"} and lines[:1] != [C_LICENCE]:
        yield f"{name}:1: the first line is not {C_LICENCE}"
    elif path.suffix in LICENSED and not any(LICENCE in line for line in lines[:3]):
        yield f"{name}:1: no {LICENCE} in the first lines"


def check_lines(name, lines):
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield f"{name}:{number}: blanks at the end of the line"
        for word, why in WORDS:
            found = word.search(line)
            if found and name not in SPARED:
                yield f"{name}:{number}: {found.group(0)}: {why}"


def check(path, text):
    name = str(path)
    lines = text.split("\n")
    if not text.endswith("\n"):
        yield f"{name}: the last line does not end"
    yield from check_licence(name, path, lines)
    yield from check_lines(name, lines)


def main():
    root = tree.arguments(__doc__).parse_args().root
    findings, looked_at = [], 0
    for path in tree.files(root):
        if path.name == "LICENSE":
            continue
        try:
            text = (root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # data, such as a recorded frame
        looked_at += 1
        if text:
            findings.extend(check(path, text))
    tree.finish("texts", findings, looked_at)


if __name__ == "__main__":
    main()
