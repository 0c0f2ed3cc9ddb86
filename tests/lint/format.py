#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every C file is as clang-format would write it."""

import subprocess

import tree


def main():
    root = tree.arguments(__doc__).parse_args().root
    ours = tree.c_files(root)
    ran = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", "--style=file", *map(str, ours)],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )
    findings = ran.stdout.splitlines()
    if ran.returncode != 0 and not findings:
        findings.append(f"clang-format ended with {ran.returncode}")
    tree.finish("format", findings, len(ours))


if __name__ == "__main__":
    main()
