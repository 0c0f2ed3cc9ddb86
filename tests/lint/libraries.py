#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the libraries that are loaded when they are needed: agent/library.h says how.

Two rules:

- the two lists of a NAME_library.h have the same names, sorted, each once;
- the program has a note for each such header, and what it names there is not loaded at its start.
"""

import json
import re
import subprocess
import tempfile

import tree

EACH = re.compile(r"^\tEACH\((\w+)\)", re.MULTILINE)
INSTEAD = re.compile(r"^#define (\w+)\s+\w+_library\.(\w+)$", re.MULTILINE)


def check_lists(name, text):
    listed = EACH.findall(text)
    for macro, member in INSTEAD.findall(text):
        if macro != member:
            yield f"{name}: {macro} stands for {member}"
    instead = [macro for macro, _ in INSTEAD.findall(text)]
    for only in sorted(set(listed) ^ set(instead)):
        yield f"{name}: {only} is in one of the two lists only"
    for names in (listed, instead):
        if names != sorted(set(names)):
            yield f"{name}: a list is not sorted, or has a name twice"


def notes_of(program):
    """The SONAMEs that a program says it may load: systemd's note, an array of JSON each."""
    with tempfile.NamedTemporaryFile() as dumped:
        subprocess.run(
            ["objcopy", "--dump-section", f".note.dlopen={dumped.name}", program, "/dev/null"],
            stderr=subprocess.DEVNULL, check=False,
        )
        found = re.findall(rb"\[\{.*?\}\]", dumped.read())
    return [name for note in found for one in json.loads(note) for name in one["soname"]]


def loaded_at_start(program):
    """What the loader would map: the program's libraries, and theirs."""
    ran = subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True, check=True)
    return {line.split()[0] for line in ran.stdout.splitlines()}


def check_program(program, headers):
    notes = notes_of(program)
    if len(notes) != len(headers):
        yield f"the program notes {', '.join(notes) or 'no library'} for {', '.join(headers)}"
    for name in sorted(loaded_at_start(program) & set(notes)):
        yield f"the program loads {name} at its start"


def main():
    parser = tree.arguments(__doc__)
    parser.add_argument("--agent", required=True)
    options = parser.parse_args()
    headers = [str(f) for f in tree.c_files(options.root) if f.name.endswith("_library.h")]
    findings = []
    for name in headers:
        findings.extend(check_lists(name, (options.root / name).read_text()))
    findings.extend(check_program(options.agent, headers))
    tree.finish("libraries", findings, len(headers))


if __name__ == "__main__":
    main()
