# SPDX-License-Identifier: Apache-2.0
"""From what etcd and the kernel count to the figures of a fleet. Pure."""

import collections
import re
import statistics

SAMPLE = re.compile(r"^([a-z_]+)(\{[^}]*\})? (\S+)$", re.M)

# What is counted, by the name that it has here: etcd's counters, added up over their labels.
COUNTED = {
    "fsyncs": ("etcd_disk_wal_fsync_duration_seconds_count", ""),
    "fsync seconds": ("etcd_disk_wal_fsync_duration_seconds_sum", ""),
    "commits": ("etcd_disk_backend_commit_duration_seconds_count", ""),
    "proposals": ("etcd_server_proposals_applied_total", ""),
    "grants": ("etcd_debugging_lease_granted_total", ""),
    "renewals": ("etcd_debugging_lease_renewed_total", ""),
    "revokes": ("etcd_debugging_lease_revoked_total", ""),
    "expiries": ("etcd_debugging_server_lease_expired_total", ""),
    "calls": ("grpc_server_started_total", ""),
    "reads": ("grpc_server_started_total", 'grpc_method="Range"'),
    "bytes in": ("etcd_network_client_grpc_received_bytes_total", ""),
    "bytes out": ("etcd_network_client_grpc_sent_bytes_total", ""),
    "bytes between members": ("etcd_network_peer_sent_bytes_total", ""),
}

BURST = 0.1  # seconds

Row = collections.namedtuple("Row", "phase figure value unit")


def counters(page):
    """What a page of /metrics counts, by the names of COUNTED."""
    out = dict.fromkeys(COUNTED, 0.0)
    for name, labels, value in SAMPLE.findall(page):
        for ours, (theirs, label) in COUNTED.items():
            if name == theirs and label in labels:
                out[ours] += float(value)
    return out


def settled(before, page):
    """Whether the second of two pages counts all that watchers were told of: etcd tells them first.

    It does when all that is committed is applied, and nothing has come between them.
    """
    seen = [
        {name: value for name, _, value in SAMPLE.findall(each) if name.startswith("etcd_server_proposals_")}
        for each in (before, page)
    ]
    applied, committed = (f"etcd_server_proposals_{what}_total" for what in ("applied", "committed"))
    return seen[0] == seen[1] and seen[1].get(applied) == seen[1].get(committed)


def added(many):
    """The sum of some samples, member by member."""
    return {name: sum(each[name] for each in many) for name in many[0]}


def between(before, after):
    return {name: after[name] - before[name] for name in after}


def first_of_each(events, kind):
    """When the first event of this kind came for each key."""
    out = {}
    for event in events:
        if event.kind == kind:
            out.setdefault(event.key, event.at)
    return out


def burst(times):
    """The most that came within one slice of BURST seconds."""
    return max(collections.Counter(int(at / BURST) for at in times).values())


def spread_rows(phase, times):
    """How long it took for the first, for half and for the last of them."""
    here = sorted(times)
    if not here:
        return []
    places = {"first": here[0], "half": here[len(here) // 2], "last": here[-1]}
    rows = [Row(phase, place, at * 1000, "ms") for place, at in places.items()]
    return [*rows, Row(phase, f"most within {BURST:g} s", burst(here), "agents")]


def cost_rows(phase, spent, agents):
    """What a change of all agents cost, for each of them. `spent` is a difference of samples."""
    each = {
        "CPU of etcd": (spent["etcd"] * 1000, "ms"),
        "proposals of raft": (spent["proposals"], ""),
        "fsyncs of etcd's log": (spent["fsyncs"], ""),
        "calls to etcd": (spent["calls"], ""),
    }
    rows = [Row(phase, f"{name} an agent", value / agents, unit) for name, (value, unit) in each.items()]
    if spent["fsyncs"]:
        rows.append(Row(phase, "proposals a fsync", spent["proposals"] / spent["fsyncs"], ""))
        rows.append(Row(phase, "mean of a fsync", spent["fsync seconds"] / spent["fsyncs"] * 1000, "ms"))
    return rows


def rest_rows(spent, idle, agents, ttl):
    """What a second of rest costs. `spent` and `idle` have their "seconds"."""
    phase = "rest"

    def rate(name):
        return spent[name] / spent["seconds"] - idle[name] / idle["seconds"]

    rows = [
        Row(phase, "CPU of etcd", rate("etcd") * 100, "% of a core"),
        Row(phase, "CPU of the leader", rate("leader") * 100, "% of a core"),
        Row(phase, "CPU of etcd without agents", idle["etcd"] / idle["seconds"] * 100, "% of a core"),
        Row(phase, "CPU of etcd an agent", rate("etcd") / agents * 1e6, "us a second"),
        Row(phase, "CPU of all agents", spent["agents"] / spent["seconds"] * 100, "% of a core"),
        Row(phase, "CPU an agent", spent["agents"] / spent["seconds"] / agents * 3600, "s an hour"),
        Row(phase, "renewals an agent and TTL", rate("renewals") / agents * ttl, ""),
        Row(phase, "calls to etcd an agent and TTL", rate("calls") / agents * ttl, ""),
        Row(phase, "reads an agent and TTL", rate("reads") / agents * ttl, ""),
        Row(phase, "fsyncs of etcd's log", rate("fsyncs"), "1/s"),
        Row(phase, "proposals of raft", rate("proposals"), "1/s"),
        Row(phase, "bytes in an agent and 10 s", rate("bytes in") / agents * 10, "B"),
        Row(phase, "bytes out an agent and 10 s", rate("bytes out") / agents * 10, "B"),
    ]
    if rate("renewals") > 0:
        for what, name in (("etcd", "etcd"), ("the leader", "leader")):
            rows.append(Row(phase, f"CPU of {what} a renewal", rate(name) / rate("renewals") * 1e6, "us"))
    return rows


def memory_rows(agents, etcd_before, etcd_now):
    """`agents` are (RSS, PSS, USS, threads) in KiB; etcd's RSS is the sum of its members'."""
    resident, proportional, unique, _ = zip(*agents, strict=True)
    connections = (etcd_now - etcd_before) / len(agents)
    return [
        Row("rest", "RSS an agent", statistics.median(resident) / 1024, "MiB"),
        Row("rest", "USS an agent", statistics.median(unique) / 1024, "MiB"),
        Row("rest", "PSS of all agents", sum(proportional) / 1024, "MiB"),
        Row("rest", "RSS of etcd", etcd_now / 1024, "MiB"),
        Row("rest", "RSS of etcd an agent", connections, "KiB"),
    ]


def number(value):
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def tsv(rows):
    lines = ["phase\tfigure\tvalue\tunit"]
    lines += [f"{r.phase}\t{r.figure}\t{r.value:.6g}\t{r.unit}" for r in rows]
    return "\n".join(lines) + "\n"


def read_tsv(text):
    """(phase, figure) -> value, as tsv() wrote it."""
    lines = [line.split("\t") for line in text.splitlines()[1:]]
    return {(phase, figure): float(value) for phase, figure, value, _ in lines}
