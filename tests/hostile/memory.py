# SPDX-License-Identifier: Apache-2.0
"""What memory an agent has, had at most, and what it took of the processor, as the kernel says."""

import os


def _kib(pid, file, *names):
    with open(f"/proc/{pid}/{file}", encoding="ascii") as lines:
        found = dict(line.split(":", 1) for line in lines if ":" in line)
    return sum(int(found[name].split()[0]) for name in names)


def own(pid):
    """KiB that it has written. Whether others have its libraries loaded, too, does not count."""
    return _kib(pid, "smaps_rollup", "Private_Dirty")


def peak(pid):
    """KiB that were resident at most, since forget_peak()."""
    return _kib(pid, "status", "VmHWM")


def forget_peak(pid):
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as refs:
        refs.write("5")


def resident(pid):
    return _kib(pid, "status", "VmRSS")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def processor(pid):
    """Seconds of a processor that it has used, and for which it has waited."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as text:
        used, waited = text.read().split()[:2]
    return int(used) / 1e9, int(waited) / 1e9
