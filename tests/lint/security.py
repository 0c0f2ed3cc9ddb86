#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SECURITY.md claims nothing that no test holds.

Each row of a table whose last column is "held by" names at least one test there, and every test and
every lint that the document names is in the tree. Tests are named as in SCENARIOS.md; a lint as
`lint.hardening`.
"""

import re

import scenarios
import tree

DOCUMENT = "SECURITY.md"
HEAD = re.compile(r"^\|.*\| held by \|$")
LINT = re.compile(r"`lint\.(\w+)`")
MANY = re.compile(r"`(?:fuzz|hostile|exhaustion)\.\w+`")


def cells_of(text):
    return [cell.strip() for cell in text.strip("|").split("|")]


def registered(root, what):
    """The names that tests/<what>/CMakeLists.txt has, as words."""
    path = root / "tests" / what / "CMakeLists.txt"
    return set(re.findall(r"\w+", path.read_text())) if path.exists() else set()


def named(text):
    """How many tests and lints a cell names."""
    return len(scenarios.NAMED.findall(text)) + len(LINT.findall(text)) + len(MANY.findall(text))


def check_line(root, files, where, text):
    for name, test in scenarios.NAMED.findall(text):
        if test or name.rsplit("/")[-1].startswith("test_"):
            yield from scenarios.check_test(files, where, name, test)
    for name in LINT.findall(text):
        if name not in registered(root, "lint"):
            yield f"{where}: there is no lint.{name}"
    for what, name in re.findall(r"`(fuzz|hostile|exhaustion)\.(\w+)`", text):
        if name not in registered(root, what):
            yield f"{where}: there is no {what}.{name}"


def main():
    root = tree.arguments(__doc__).parse_args().root
    files, findings, rows, in_table = scenarios.test_files(root), [], 0, False
    for line, text in enumerate((root / DOCUMENT).read_text().splitlines(), 1):
        where = f"{DOCUMENT}:{line}"
        if HEAD.match(text):
            in_table = True
        elif not text.startswith("|"):
            in_table = False
        elif in_table and not text.startswith("|--"):
            rows += 1
            if not named(cells_of(text)[-1]):
                findings.append(f"{where}: no test holds this")
        findings.extend(check_line(root, files, where, text))
    tree.finish("security", findings, rows)


if __name__ == "__main__":
    main()
