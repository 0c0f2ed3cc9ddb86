# SPDX-License-Identifier: Apache-2.0
"""What stands in the memory of a process: whoever reads it has to be root, or it has to be dumpable."""

import re


def _maps(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            fields = line.split(maxsplit=5)
            if fields[1][0] == "r":
                start, end = (int(at, 16) for at in fields[0].split("-"))
                yield start, end, fields[5].strip() if len(fields) > 5 else ""


def matching(pid, pattern):
    """Whatever matches, once for each place that has it; printed with what stands around it."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, name in _maps(pid):
            try:
                memory.seek(start)
                whole = memory.read(end - start)
            except (OSError, OverflowError):
                continue  # the kernel's own
            for match in re.finditer(pattern, whole, re.DOTALL):
                at = match.start()
                print(f"{name} {start + at:#x}: {whole[max(0, at - 24) : match.end() + 24]}")
                found.append(match.group())
    return found


def remains(pid, secret):
    """How many places have these bytes."""
    return len(matching(pid, re.escape(secret)))
