#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""cppcheck has nothing to say about agent/ and probes/."""

import os
import subprocess

import tree

OPTIONS = [
    "--enable=warning,style,performance,portability",
    "--std=c11",
    "--language=c",
    "--inline-suppr",
    "--quiet",
    "--template={file}:{line}: {id}: {message}",
    "-D_GNU_SOURCE",
    # A message is filled member by member and then handed on by the address of its first member:
    # cppcheck sees the members written and nobody reading them.
    "--suppress=unreadVariable:*_codec.c",
    # A member that serves only to look at another as a different type.
    "--suppress=unusedStructMember",
    # It guesses about calls that it does not follow; clang-analyzer (lint.tidy) follows them.
    "--suppress=uninitvar",
    "--suppress=knownConditionTrueFalse",
]


def main():
    root = tree.arguments(__doc__).parse_args().root
    sources = [
        str(f) for f in tree.c_files(root)
        if f.suffix == ".c" and f.parts[0] in {"agent", "probes"}
    ]
    ran = subprocess.run(
        ["cppcheck", *OPTIONS, f"-I{root}", f"-j{os.cpu_count()}", *sources],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )
    findings = ran.stdout.splitlines()
    if ran.returncode != 0 and not findings:
        findings.append(f"cppcheck ended with {ran.returncode}")
    tree.finish("cppcheck", findings, len(sources))


if __name__ == "__main__":
    main()
