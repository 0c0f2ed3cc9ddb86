#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps files and functions small enough to be read in one go."""

import tree

FILE_LINES = 450
FUNCTION_LINES = 60


def functions(lines):
    """(line, length) of each function: by our format, its braces stand alone in column 0."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield start, number - start + 1
            start = None


def check(name, text):
    lines = text.splitlines()
    if name.endswith(".c") and len(lines) > FILE_LINES:
        yield f"{name}: {len(lines)} lines, at most {FILE_LINES}"
    for start, length in functions(lines):
        if length > FUNCTION_LINES:
            yield f"{name}:{start}: a function of {length} lines, at most {FUNCTION_LINES}"


def main():
    root = tree.arguments(__doc__).parse_args().root
    ours = tree.c_files(root)
    findings = [
        finding for f in ours for finding in check(str(f), (root / f).read_text())
    ]
    tree.finish("sizes", findings, len(ours))


if __name__ == "__main__":
    main()
