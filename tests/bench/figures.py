# SPDX-License-Identifier: Apache-2.0
"""Figures of a bench: from stamps to rows. Pure."""

import statistics
from collections import namedtuple

NS_IN_MS = 1e6

Change = namedtuple("Change", "kind sent acknowledged revision")  # stamps in ns


def p90(values):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))]


def told_at(told, revision):
    """When a revision was known: the first stamp that speaks of it, or of a later one."""
    found = [stamp for stamp, seen in told if seen >= revision]
    return min(found) if found else None


def delays(changes, told, since):
    """Milliseconds from `sent` or `acknowledged` to when each change was known.

    Whoever has not heard of one of them is no peer: that is a ValueError.
    """
    out = []
    for change in changes:
        at = told_at(told, change.revision)
        if at is None:
            raise ValueError(f"nothing was told of {change}")
        out.append((at - getattr(change, since)) / NS_IN_MS)
    return out


def cell(values):
    return f"{statistics.median(values):.2f} / {p90(values):.2f}"


def ratio(of, to):
    """How many times `of` is as long as `to`, by their medians; a dash when that says nothing."""
    mine, theirs = statistics.median(of), statistics.median(to)
    return f"{mine / theirs:.2f}" if min(mine, theirs) > 0.02 else "-"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(each) for each in line) + " |" for line in lines)
