# SPDX-License-Identifier: Apache-2.0
"""What the lint scripts share: the files of the tree, and how a finding is printed."""

import argparse
import pathlib
import sys

SKIPPED = {".git", "build", "node_modules", "seeds", "__pycache__", ".pytest_cache"}


def arguments(doc):
    """A parser with --root, which every lint has, so that a test can plant a fault elsewhere."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument(
        "--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2]
    )
    return parser


def files(root):
    """Every file of the tree that a person wrote (seeds are whatever broke something), as paths relative to the root, sorted."""
    found = []
    waiting = [root]
    while waiting:
        for entry in waiting.pop().iterdir():
            if entry.is_symlink() or entry.name in SKIPPED:
                continue
            if entry.is_dir():
                waiting.append(entry)
            else:
                found.append(entry.relative_to(root))
    return sorted(found)


def is_c(path):
    return path.suffix in {".c", ".h"}


def c_files(root):
    """The C files that are ours: in agent/, probes/ and tests/."""
    return [f for f in files(root) if is_c(f) and f.parts[0] in {"agent", "probes", "tests"}]


def shell_files(root):
    """Files whose first line asks for a shell."""
    found = []
    for f in files(root):
        with open(root / f, "rb") as opened:
            first = opened.readline(100)
        if first.startswith(b"#!") and first.split()[0].split(b"/")[-1] in {b"sh", b"bash"}:
            found.append(f)
    return found


def finish(name, findings, looked_at):
    """Prints the findings; a lint that looked at nothing has failed too."""
    for finding in findings:
        print(finding)
    if not looked_at:
        print(f"{name}: nothing to look at")
        sys.exit(1)
    if findings:
        print(f"{name}: {len(findings)} findings")
        sys.exit(1)
    print(f"{name}: {looked_at} looked at")
