# SPDX-License-Identifier: Apache-2.0
"""The tables of tests/bench/run in Markdown. Pure."""

from collections import namedtuple

from figures import table
from results import BASE, FLOOR, number, peers_of, ratio

# A row of a table: what it is called, the figure, and the figure of the floor that belongs to it.
Row = namedtuple("Row", "name figure floor", defaults=[None])

ROWS = {
    "one": [
        Row("NOT_SERVING pushed → key gone", "NOT_SERVING to key gone", "revoke to key gone"),
        Row("decided → key gone", "decided to key gone", "revoke to key gone"),
        Row("kill -9 of the service → key gone", "killed to key gone", "revoke to key gone"),
        Row("service started again → key present", "started again to key present"),
        Row("first good probe → key present", "good probe to key present", "put"),
        Row("the same at the start of the sidecar", "start: good probe to key present", "put"),
        Row("exec → key present", "exec to key present", "fork, exec and wait"),
        Row("SIGTERM → key gone", "SIGTERM to key gone", "revoke to key gone"),
        Row("private memory (USS)", "USS"),
        Row("PSS", "PSS"),
        Row("RSS", "RSS"),
        Row("CPU", "CPU"),
        Row("payload to and from etcd per 10 s", "etcd payload per 10 s"),
        Row("the same while others write to etcd", "etcd payload per 10 s, others write"),
        Row("own files and all that they load", "own files and all that they load"),
        Row("the same with libc", "own files and all that they load, libc too"),
    ],
    "many": [
        Row("CPU", "CPU"),
        Row("CPU per probe", "CPU per probe"),
        Row("RSS", "RSS"),
        Row("RSS per service", "RSS per service"),
        Row("CPU of etcd", "CPU of etcd"),
        Row("payload to and from etcd per 10 s and service", "etcd payload per 10 s per service"),
        Row("exec → last key present", "exec to key present, the last"),
        Row("one NOT_SERVING → key gone", "one NOT_SERVING to key gone"),
        Row("all NOT_SERVING → last key gone", "all NOT_SERVING to key gone, the last",
            "revokes of all, the last"),
        Row("all SERVING → last key present", "all SERVING to key present, the last"),
        Row("kill -9 of all → last key gone", "all killed to key gone, the last",
            "revokes of all, the last"),
        Row("all started again → last key present", "all started again to key present, the last"),
        Row("SIGTERM → last key gone", "SIGTERM to key gone, the last", "revokes of all, the last"),
        Row("SIGTERM and restart → last key present", "SIGTERM and restart to key present, the last"),
    ],
}  # fmt: skip


def _joined(values):
    return " / ".join("-" if value is None else number(value) for value in values)


def cell(runs, peer, figure):
    """The median of each run and, but for the base, in brackets its ratio to the base's."""
    found = [run.figures.get((peer, figure)) for run in runs]
    if not any(found):
        return "-"
    medians = _joined(each and each.median for each in found)
    if peer in (BASE, FLOOR):
        return medians
    ratios = [ratio(run, peer, figure) for run in runs]
    return f"{medians} ({_joined(ratios)})" if any(ratios) else medians


def unit_of(runs, figure):
    return next((found.unit for run in runs for (_, name), found in run.figures.items()
                 if name == figure), None)  # fmt: skip


def rows(runs, peers):
    """The rows of a table of runs of one kind; those that nobody has are left out."""
    for row in ROWS[runs[0].about["kind"]]:
        unit = unit_of(runs, row.figure)
        if unit is not None:
            cells = [cell(runs, peer, row.figure) for peer in peers]
            floor = cell(runs, FLOOR, row.floor) if row.floor else "-"
            yield [f"{row.name}, {unit}", *cells, floor]


def markdown(runs):
    """A table of runs of one kind, and who ran where, when and how."""
    about, peers = runs[0].about, peers_of(runs)
    head = [about["what"], *peers, "floor"]
    told = "; ".join(run.about["date"] for run in runs)
    where = f"{told}, {about['machine']}: `{about['command']}`"
    return f"{table(head, rows(runs, peers))}\n\n{where}\n"
