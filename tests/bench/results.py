# SPDX-License-Identifier: Apache-2.0
"""The results of tests/bench/run: from samples to figures, and back from a file of figures. Pure.

Figures are a text of tab-separated values, a row a figure, after lines `# WORD: TEXT` that tell of
the run: its kind (one or many), date, machine and command.
"""

import statistics
from collections import namedtuple

from figures import p90

COLUMNS = ("peer", "figure", "unit", "n", "median", "min", "max", "p90")
FLOOR = "floor"  # what etcd and the machine take, whoever asks
BASE = "go"  # the peer that all others are compared with
PEERS = ("svc-agent", "svc-agent-static", "go", "go-shared", "node", "python", "shell")

Figure = namedtuple("Figure", "unit n median min max p90")
Run = namedtuple("Run", "about figures")  # figures: {(peer, figure): Figure}, about: {word: text}


def number(value):
    """Three digits that count, and no exponent."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{digits}f}"


def reckon(text, about):
    """A Run of the text of samples, `peer figure unit sample` a line after the first."""
    samples, units = {}, {}
    for line in text.splitlines()[1:]:
        peer, figure, unit, value = line.split("\t")
        samples.setdefault((peer, figure), []).append(float(value))
        units[peer, figure] = unit
    return Run(about, {
        each: Figure(units[each], len(values), statistics.median(values), min(values),
                     max(values), p90(values))
        for each, values in samples.items()
    })  # fmt: skip


def write(run):
    lines = [f"# {word}: {text}" for word, text in run.about.items()]
    lines.append("\t".join(COLUMNS))
    for (peer, figure), found in run.figures.items():
        values = [f"{value:.6g}" for value in found[2:]]
        lines.append("\t".join([peer, figure, found.unit, str(found.n), *values]))
    return "\n".join(lines) + "\n"


def read(text):
    about, figures = {}, {}
    lines = text.splitlines()
    while lines[0].startswith("# "):
        word, _, what = lines.pop(0)[2:].partition(": ")
        about[word] = what
    if tuple(lines[0].split("\t")) != COLUMNS:
        raise ValueError(f"not a file of figures: {lines[0]}")
    for line in lines[1:]:
        peer, figure, unit, n, *values = line.split("\t")
        figures[peer, figure] = Figure(unit, int(n), *map(float, values))
    return Run(about, figures)


def combined(runs):
    """One Run of several of a kind: of each number the median, as runs of a busy machine want it."""
    figures = {}
    for each in dict.fromkeys(key for run in runs for key in run.figures):
        found = [run.figures[each] for run in runs if each in run.figures]
        numbers = [statistics.median(values) for values in list(zip(*found))[2:]]
        figures[each] = Figure(found[0].unit, sum(one.n for one in found), *numbers)
    return Run(runs[0].about, figures)


def peers_of(runs):
    there = {peer for run in runs for peer, _ in run.figures} - {FLOOR}
    return [peer for peer in PEERS if peer in there] + sorted(there - set(PEERS))


def ratio(run, peer, figure):
    """How many times the base's median a peer's is, or None."""
    mine, base = run.figures.get((peer, figure)), run.figures.get((BASE, figure))
    if mine is None or base is None or base.median <= 0:
        return None
    return mine.median / base.median
