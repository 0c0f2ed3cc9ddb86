# SPDX-License-Identifier: Apache-2.0
"""Writes what the judge found, for a person."""

from collections import Counter

SHOWN = 20  # violations in full


def _readers_tracks(history, violation):
    """The file that a violation of F is about, the agents that wrote it, and their links."""
    if violation.rule != "F":
        return []
    place = violation.what.partition(":")[0]
    readers = {i: each for i, each in history.readers.items() if each["place"] == place}
    groups = {each["group"] for each in readers.values()}
    links = [t for t in history.tracks for g in groups if t.startswith(f"link {g} ")]
    return [
        f"file {place} {violation.key}", f"age {place} {violation.key}",
        *(f"agent {ident}" for ident in readers), *links,
    ]  # fmt: skip


def slice_of(history, violation):
    """The events, faults and states around a violation that have to do with its key."""
    begin, end = violation.begin - 8.0, violation.end + 2.0
    key, out = violation.key, []
    agents = [i for i, each in history.agents.items() if key in each["keys"]]
    group = history.keys.get(key, {}).get("group")
    tracks = [f"service {key}", *(f"agent {i}" for i in agents)]
    tracks += [f"drain {i} {key}" for i in agents]
    tracks += [t for t in history.tracks if t.startswith((f"link {group} ", "member "))]
    for track in dict.fromkeys([*tracks, *_readers_tracks(history, violation)]):
        out += [(at, f"{track}: {state}") for at, state in history.tracks.get(track, [])]
    for e in history.events:
        if e["key"] == key:
            out.append((e["at"], f"etcd: {e['kind']} by={e['by']} lease={e['lease']:x}"))
    for fault in history.faults:
        hit = key in fault.get("keys", ()) or fault.get("agent", "") in agents
        if hit or fault["kind"].startswith("member"):
            what = f"fault {fault['kind']} {fault.get('member', fault.get('agent', ''))}"
            out += [(fault["begin"], f"{what} begins"), (fault["end"], f"{what} ends")]
    out += [(at, "etcd: a new term") for at in history.terms]
    return [(at, text) for at, text in sorted(out) if begin <= at <= end]


def write(history, violations, worst, out):
    def say(text=""):
        print(text, file=out)

    counts = Counter(fault["kind"] for fault in history.faults)
    say(f"\nfaults: {sum(counts.values())}")
    for kind, count in sorted(counts.items()):
        say(f"  {kind:24} {count:5}")
    say("\njudged (and cut short by the next fault), and the one nearest to its bound:")
    for name, each in sorted(worst.items()):
        near = f"{each.took:8.2f} of {each.bound:8.2f}" if each.bound else ""
        say(f"  {name:62} {each.judged:6} ({each.cut_short:5}) {near}")
    late = max((value for _, value in history.delays), default=0.0)
    trip = max((value for _, value in history.trips), default=0.0)
    say(f"\nthe harness was woken at most {late:.3f} s late")
    say(f"etcd's slowest answer took {trip:.3f} s")
    for violation in violations[:SHOWN]:
        begin, end = violation.begin - history.begin, violation.end - history.begin
        say(f"\nVIOLATION {violation.rule} {violation.key} [{begin:.2f}, {end:.2f}]")
        say(f"  {violation.what}")
        if violation.key:
            for at, text in slice_of(history, violation):
                say(f"    {at - history.begin:9.3f} {text}")
    for violation in violations[SHOWN:]:
        begin, end = violation.begin - history.begin, violation.end - history.begin
        say(f"VIOLATION {violation.rule} {violation.key} [{begin:.2f}, {end:.2f}] {violation.what}")
