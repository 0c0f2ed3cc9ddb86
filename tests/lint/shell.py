#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""shellcheck has nothing to say about the shell scripts."""

import subprocess

import tree


def main():
    root = tree.arguments(__doc__).parse_args().root
    scripts = tree.shell_files(root)
    ran = subprocess.run(
        ["shellcheck", "--format=gcc", *map(str, scripts)],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )
    findings = ran.stdout.splitlines()
    if ran.returncode != 0 and not findings:
        findings.append(f"shellcheck ended with {ran.returncode}")
    tree.finish("shell", findings, len(scripts))


if __name__ == "__main__":
    main()
