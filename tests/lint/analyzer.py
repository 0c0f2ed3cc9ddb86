#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""gcc -fanalyzer has nothing to say that MISTAKEN does not explain. It takes minutes: tests/analyze runs it.

It compiles those sources of the compile database that lie under --under, as they are built but for
nobody.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess

import tree

# (file, function, warning): why it is none. A row that nothing needs any more is a finding, too.
# gcc 12 loses sight of a pointer that is stored behind another pointer, or in an array that has grown.
STORED = "stored where its owner frees it"
MISTAKEN = {
    ("agent/descriptor/discover.c", "name_after", "malloc-leak"): STORED,
    ("agent/descriptor/field_list.c", "add_endpoints", "malloc-leak"): STORED,
    ("agent/descriptor/problems.c", "problems_unread", "malloc-leak"): STORED,
    ("agent/descriptor/scalar.c", "scalars_add", "malloc-leak"): STORED,
    ("agent/descriptor/words.c", "words_add", "malloc-leak"): STORED,
    ("agent/outputs/haproxy.c", "apply", "malloc-leak"): STORED,
    ("agent/outputs/haproxy_plan.c", "adjust", "malloc-leak"): STORED,
    ("agent/outputs/haproxy_plan.c", "add_command", "malloc-leak"): STORED,
    ("agent/units_status.c", "describe_outputs", "malloc-leak"): STORED,
    ("probes/exec.c", "create", "malloc-leak"): "its first member is what is handed out",
    ("agent/library.c", "find_all", "use-of-uninitialized-value"): "copied right after dlsym() gave it",
}

FUNCTION = re.compile(r"^\S+: In function '(\w+)':$")
WARNING = re.compile(r"^\S+?:\d+:\d+: (?:warning|error): .*\[-Wanalyzer-([\w-]+)\]$")
LEFT_OUT = re.compile(r"-Werror|-f(no-)?sanitize.*|--coverage|-fprofile-.*")


def commands(root, build, under):
    """By source, relative to the root: its folder and command in the compile database."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        place = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if any((root / u).resolve() in place.parents for u in under):
            source = str(place.relative_to(root.resolve()))
            found.setdefault(source, (entry["directory"], shlex.split(entry["command"])))
    return sorted(found.items())


def analyze(directory, command):
    """What gcc says, with nothing written."""
    kept = [word for word in command if not LEFT_OUT.fullmatch(word)]
    if "-o" in kept:
        del kept[kept.index("-o") : kept.index("-o") + 2]
    kept += ["-o", "/dev/null", "-fanalyzer", "-fdiagnostics-plain-output", "-fdiagnostics-path-format=none"]
    ran = subprocess.run(
        kept, cwd=directory, env={**os.environ, "LC_ALL": "C"}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    if ran.returncode != 0 and not ran.stdout:
        return f"{command[-1]}: gcc ended with {ran.returncode}"
    return ran.stdout


def judge(source, said, mistaken, used):
    """The lines of `said` that are findings; `used` gets the rows of `mistaken` that were met."""
    findings, function = [], ""
    for line in said.splitlines():
        if found := FUNCTION.match(line):
            function = found.group(1)
        elif found := WARNING.match(line):
            row = (source, function, found.group(1))
            if row in mistaken:
                used.add(row)
            else:
                findings.append(f"{line} in {function}()")
        elif re.search(r"(warning|error): |gcc ended", line):
            findings.append(line)
    return findings


def main():
    parser = tree.arguments(__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--under", action="append", required=True)
    options = parser.parse_args()
    ours = commands(options.root, options.build, options.under)
    findings, used = [], set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = pool.map(lambda source: analyze(*source[1]), ours)
        for (source, _), text in zip(ours, said):
            findings += judge(source, text, MISTAKEN, used)
    known = {source for source, _ in ours}
    for row in sorted(set(MISTAKEN) - used):
        if row[0] in known:
            findings.append(f"{row[0]}: MISTAKEN has a row that nothing needs: {row[1:]}")
    tree.finish("analyzer", findings, len(ours))


if __name__ == "__main__":
    main()
