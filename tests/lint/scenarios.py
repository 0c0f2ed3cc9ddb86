#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every test that SCENARIOS.md names is there, and every row of it has one or says why not.

A test is named as `test_away.py::test_name` or `test_backoff.c::name`; a whole file of tests as
`test_away.py`. A row without one says `-` and gives the reason in its last cell.
"""

import re

import tree

MAP = "tests/SCENARIOS.md"
ROW = re.compile(r"^\| (\d+) \|(.*)\|$")
NAMED = re.compile(r"`([\w./]+\.(?:py|c))(?:::(\w+))?`")
NONE = "-"


def test_files(root):
    """{name of the file: its paths} of all that could hold a test."""
    found = {}
    for path in tree.files(root):
        if path.parts[0] == "tests" and path.suffix in {".py", ".c"}:
            found.setdefault(path.name, []).append(root / path)
    return found


def defines(text, test):
    """True when the text defines such a function, in Python or in C."""
    return re.search(rf"^(?:def|static void|void|static int|int) {test}\(", text, re.M) is not None


def check_test(files, where, name, test):
    paths = files.get(name, [])
    if not paths:
        yield f"{where}: there is no {name}"
    elif test and not any(defines(path.read_text(), test) for path in paths):
        yield f"{where}: {name} has no {test}"


def check_row(files, where, cells):
    if len(cells) != 4:
        yield f"{where}: a row has the cells #, what, reported at, tests, why"
        return
    what, reported, tests, why = cells
    if not (what and reported and why):
        yield f"{where}: an empty cell"
    named = NAMED.findall(tests)
    if tests != NONE and not named:
        yield f"{where}: names no test"
    for name, test in named:
        yield from check_test(files, where, name, test)


def check_numbers(numbers):
    """The rows are numbered through, so a lost one is seen."""
    for place, number in enumerate(numbers, 1):
        if number != place:
            yield f"{MAP}: row {number} is where row {place} should be"
            return


def main():
    root = tree.arguments(__doc__).parse_args().root
    files, findings, numbers = test_files(root), [], []
    for line, text in enumerate((root / MAP).read_text().splitlines(), 1):
        row = ROW.match(text)
        if row:
            numbers.append(int(row.group(1)))
            cells = [cell.strip() for cell in row.group(2).split("|")]
            findings.extend(check_row(files, f"{MAP}:{line}", cells))
    findings.extend(check_numbers(numbers))
    tree.finish("scenarios", findings, len(numbers))


if __name__ == "__main__":
    main()
