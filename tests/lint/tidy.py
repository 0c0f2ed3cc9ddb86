#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy has nothing to say, by the rules of .clang-tidy.

It goes over those sources of the compile database that lie under --under; what protoc-c wrote is
in the build directory, so it is never among them.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess

import tree

# Older clangs zero no locals, as the builds with gcc do, without a word of consent; the last word counts.
AS_IT_IS = "-ftrivial-auto-var-init=uninitialized"


def sources(root, build, under):
    database = json.loads((build / "compile_commands.json").read_text())
    places = {pathlib.Path(entry["directory"], entry["file"]).resolve() for entry in database}
    return sorted(p for p in places if any((root / u) in p.parents for u in under))


def tidy(build, source):
    """What clang-tidy says about one file, or "". Standard error only counts what it left out."""
    ran = subprocess.run(
        ["clang-tidy", "--quiet", "-p", str(build), f"--extra-arg={AS_IT_IS}", str(source)],
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
    ours = sources(options.root, options.build, options.under)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = pool.map(lambda source: tidy(options.build, source), ours)
        findings = [text.rstrip() for text in said if text]
    tree.finish("tidy", findings, len(ours))


if __name__ == "__main__":
    main()
