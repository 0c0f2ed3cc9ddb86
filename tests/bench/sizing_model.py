# SPDX-License-Identifier: Apache-2.0
"""How many pods an etcd of three carries: packaging/SIZING.md as arithmetic. Pure.

The inputs stand in a table of that page; what follows from them, in blocks that this makes.
"""

import re

from figures import table

INPUT = re.compile(r"^\| `(\w+)` \| ([\d.]+) \| ([^|]*) \| ([^|]*) \|$", re.M)
BLOCK = "<!-- {} -->\n"
END = "<!-- end -->"

RENEWALS = 3  # in a TTL
EXPIRIES = 1000  # leases a second that etcd revokes at most
EXTENSIONS = 750  # leases a second that a new leader lets run out at most
PILE = 1000  # ... where there are more than so many leases
ROLLOUT = 600  # seconds in which all pods are replaced
CPU_SHARE, MEMORY_SHARE = 0.5, 0.6  # of a machine that etcd may take at rest

CASES = [(100, 10), (1_000, 10), (10_000, 10), (30_000, 10), (100_000, 10), (100_000, 30), (100_000, 60)]

# input -> (fleet of one member or three, what adds up to it in that run)
MEASURED = {
    "connection": ("one", [("rest", "RSS of etcd an agent")]),
    "renewal": ("three", [("rest", "CPU of the leader a renewal")]),
    "withdrawal": ("one", [("flip: gone", "CPU of etcd an agent")]),
    "listing": ("one", [("flip: listed again", "CPU of etcd an agent")]),
    "telling": ("one", [("read", "CPU of etcd an event and reader")]),
    "batch": ("one", [("flip: gone", "proposals a fsync")]),
    "back": ("one", [("restart after 10 s", "CPU of etcd an agent")]),
    "payload": ("one", [("rest", "bytes in an agent and 10 s"), ("rest", "bytes out an agent and 10 s")]),
    "agent": ("one", [("rest", "USS an agent")]),
}


def inputs(page):
    """name -> value, from the table of the page."""
    return {name: float(value) for name, value, _, _ in INPUT.findall(page)}


def refreshed(page, runs, when):
    """The page with the inputs that `runs` ("one", "three") have, and when they were measured."""

    def row(found):
        name, _, unit, _ = found.groups()
        fleet, figures = MEASURED.get(name, (None, None))
        run = runs.get(fleet)
        if run is None or any(figure not in run for figure in figures):
            return found.group(0)
        value = sum(run[figure] for figure in figures)
        return f"| `{name}` | {value:.3g} | {unit} | measured {when} |"

    return INPUT.sub(row, page)


def proposals_a_second(known):
    """What raft takes: each fsync takes a batch, and applying is the work of one core."""
    return min(known["batch"] / known["fsync"] * 1000, 1000 / known["withdrawal"])


def leader_cores(known, pods, ttl):
    return RENEWALS * pods / ttl * known["renewal"] / 1e6


def memory(known, pods):
    """GiB of a member when one of three is away."""
    return pods / 2 * known["connection"] / 2**20


def most_pods(known, ttl):
    """(by the CPU of the leader, by memory)."""
    cpu = CPU_SHARE * known["cores"] / leader_cores(known, 1, ttl)
    return cpu, MEMORY_SHARE * known["memory"] / memory(known, 1)


def verdict(known, pods, ttl):
    cpu, room = most_pods(known, ttl)
    over = [name for name, most in (("CPU", cpu), ("memory", room)) if pods > most]
    return "yes" if not over else "no: " + ", ".join(over)


def short(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def worked(known):
    head = [
        "pods", "TTL, s", "renewals/s", "leader, cores", "memory of a member, GiB", "rollout in 10 min, writes/s",
        "all withdrawn at once, s", "etcd back, s of CPU", "all leases end, s", "dead key after a new leader, s",
        "fits",
    ]  # fmt: skip
    rows = []
    for pods, ttl in CASES:
        extension = pods / EXTENSIONS if pods > PILE else 0
        rows.append([
            f"{pods:,}", ttl, short(RENEWALS * pods / ttl), short(leader_cores(known, pods, ttl)),
            short(memory(known, pods)), short(3 * pods / ROLLOUT), short(pods / proposals_a_second(known)),
            short(pods * known["back"] / 1000), short(ttl + pods / EXPIRIES), short(ttl + extension),
            verdict(known, pods, ttl),
        ])  # fmt: skip
    return table(head, rows)


def ends(known):
    rows = []
    for ttl in (10, 30, 60):
        cpu, room = most_pods(known, ttl)
        rows.append([ttl, f"{cpu:,.0f}", f"{room:,.0f}"])
    return table(["TTL, s", "pods by the leader's CPU", "pods by memory"], rows)


def rewritten(page):
    """The page with its computed blocks as the inputs have them."""
    known = inputs(page)
    for name, text in (("worked", worked(known)), ("ends", ends(known))):
        begin = BLOCK.format(name)
        before, _, rest = page.partition(begin)
        page = before + begin + text + "\n" + END + rest.partition(END)[2]
    return page
