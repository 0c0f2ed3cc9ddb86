#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy has nothing to say, by the rules of .clang-tidy.

It goes over those sources of the compile database that lie under --under; what protoc-c wrote is
in the build directory, so it is never among them. A source that is part of several programs is looked
at as it is compiled for the first of them: clang-tidy itself would do so for each.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile

import tree

# Older clangs zero no locals, as the builds with gcc do, without a word of consent; the last word counts.
AS_IT_IS = "-ftrivial-auto-var-init=uninitialized"


def first_entries(root, build, under):
    """By source: its first entry in the compile database."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        place = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if any((root / u) in place.parents for u in under):
            found.setdefault(place, entry)
    return found


def tidy(database, source):
    """What clang-tidy says about one file, or "". Standard error only counts what it left out."""
    ran = subprocess.run(
        ["clang-tidy", "--quiet", "-p", database, f"--extra-arg={AS_IT_IS}", str(source)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
    )
    if ran.returncode != 0 and not ran.stdout:
        return ran.stderr or f"{source}: clang-tidy ended with {ran.returncode}"
    return ran.stdout


def main():
    parser = tree.arguments(__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--under", action="append", required=True)
    options = parser.parse_args()
    ours = first_entries(options.root, options.build, options.under)
    with tempfile.TemporaryDirectory() as database:
        pathlib.Path(database, "compile_commands.json").write_text(json.dumps(list(ours.values())))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            said = pool.map(lambda source: tidy(database, source), sorted(ours))
            findings = [text.rstrip() for text in said if text]
    tree.finish("tidy", findings, len(ours))


if __name__ == "__main__":
    main()
