# SPDX-License-Identifier: Apache-2.0
"""Rule F: compares what the readers' files said with what etcd had. Pure.

A file says who wrote the value that it lists, so one that lists an old value lists what is gone,
and misses what is there. Only time during which its reader runs and reaches a member that serves
counts; every piece has one of these clocks:

    calm             no trouble on the reader's way to etcd for a while, and no loss held back
    after trouble    all else, while the file does not say that it is stale
    held back        ... while it says so; each new trouble starts the clock anew
"""

import bounds
from intervals import both, cut, minus, union, while_in, widen
from violation import Violation


class Reader:
    """What the history says about one place of files and the agents that wrote there."""

    def __init__(self, facts, place, group, idents):
        self.facts, self.place, self.group = facts, place, group
        self.running = union(*(facts.running(ident) for ident in idents))
        self.starts = [begin for begin, _ in self.running]
        self.able = cut(both(self.running, facts.reach[group]), self.starts)
        trouble = widen(facts.trouble[group], 0.5, bounds.FOLLOWED)
        stranded = widen(union(self._faults("net.strand")), 0.5, bounds.STRANDED)
        self.calm = facts.inverse(union(trouble, stranded))
        self.most = minus(both(self.running, facts.most[group]), stranded)
        self.troubles = [begin for begin, _ in facts.trouble[group]]
        self.refused = self._faults("net.cut_all")

    def _faults(self, kind):
        return [
            (fault["begin"], fault["end"])
            for fault in self.facts.history.faults
            if fault["kind"] == kind and fault["victim"] == self.group
        ]


class File:
    """The file of one key at one place."""

    def __init__(self, reader, key):
        self.reader, self.key = reader, key
        self.facts, self.name = reader.facts, f"{reader.place} {key}"
        self.track = self.facts.history.tracks.get(f"file {self.name}", [])
        self.changes = [at for at, _ in self.track]
        self.stale = self.facts.during(f"age {self.name}", {"stale"})

    def says(self, state):
        return while_in(self.track, lambda s: s == state, self.facts.end)

    def holds_back(self):
        """When a loss may be held back, or have been so a moment ago."""
        return widen(self.stale, 0.5, bounds.HOLD + bounds.publish(False))


def _judge(file, worst, name, pieces, bound_of, ended, what):
    """No piece of time may be longer than its bound; it is cut short unless it ends at `ended`."""
    out, facts, row = [], file.facts, worst[name]
    for begin, end in pieces:
        bound, took = bound_of(begin) + facts.allowance.during(begin, end), end - begin
        over = took > bound
        row.note(took, bound, over or any(abs(end - at) < 1e-6 for at in ended))
        if over:
            text = f"{file.reader.place}: {what} for {took:.2f} s, bound {bound:.2f} s"
            out.append(Violation("F", text, file.key, begin, end))
    return out


def _split(pieces, calm):
    """The pieces that begin in calm, each until the calm ends, and those that do not."""
    quick, slow = [], []
    for begin, end in pieces:
        until = next((to for since, to in calm if since <= begin < to), None)
        if until is None:
            slow.append((begin, end))
        else:
            quick.append((begin, min(end, until)))
            slow += [(begin, end)] if end > until else []
    return quick, slow


def _judge_wrong(file, worst, rule, wrong, calm, what):
    """`wrong`: when the file says what is not so, by F1 or F2."""
    reader = file.reader
    wrong = both(wrong, reader.able)
    open_, held = minus(wrong, file.stale), both(wrong, file.stale)
    quick, slow = _split(open_, calm)
    out = _judge(
        file, worst, f"{rule}, calm", quick,
        lambda begin: bounds.publish(begin in reader.starts), file.changes, what,
    )  # fmt: skip
    out += _judge(
        file, worst, f"{rule}, after trouble", slow,
        lambda _: bounds.publish_after_trouble(), file.changes, what,
    )  # fmt: skip
    out += _judge(
        file, worst, f"{rule}, held back and stale", cut(held, reader.troubles),
        lambda _: bounds.hold(), file.changes, what,
    )  # fmt: skip
    return out


def _judge_content(file, listed, worst):
    """F1 and F2. Returns the violations, and when the file was right."""
    out, all_wrong = [], []
    facts, calm = file.facts, file.reader.calm
    writers = {by for _, _, by in listed} | {
        state.removeprefix("listed by ") for _, state in file.track if state.startswith("listed")
    }
    for by in sorted(writers):
        has = union([(since, until) for since, until, writer in listed if writer == by])
        says = file.says(f"listed by {by}")
        gone, missing = minus(says, has), minus(has, says)
        all_wrong += [*gone, *missing]
        out += _judge_wrong(
            file, worst, "F1 listed though gone", gone, minus(calm, file.holds_back()),
            f"the value by {by} stays",
        )  # fmt: skip
        out += _judge_wrong(
            file, worst, "F2 not listed though there", missing, calm,
            f"the value by {by} is missing",
        )  # fmt: skip
    return out, facts.inverse(union(all_wrong))


def _groundless(file, right):
    """For each mark as stale of a file that was right: since when two members were reached."""
    marks, pieces = [begin for begin, _ in file.stale], both(file.reader.most, right)
    return [
        (since, mark)
        for since, until in cut(pieces, file.reader.starts)
        for mark in marks
        if since < mark < until
    ]


def _judge_age(file, right, worst):
    """F4: what the file says of itself."""
    reader, facts = file.reader, file.facts
    changes = [at for at, _ in facts.history.tracks.get(f"age {file.name}", [])]
    out = _judge(
        file, worst, "F4 stale though etcd confirms it", both(file.stale, right, reader.able),
        lambda _: bounds.confirm(), changes, "stale though right",
    )  # fmt: skip
    out += _judge(
        file, worst, "F4 stale though most of etcd is reached", _groundless(file, right),
        lambda _: bounds.doubt(), [begin for begin, _ in file.stale], "marked as stale after two "
        "members were reached",
    )  # fmt: skip
    running = cut(reader.running, reader.starts)
    away = both(facts.inverse(facts.reach[reader.group]), running)
    fresh = facts.during(f"age {file.name}", {"fresh"})
    out += _judge(
        file, worst, "F4 not stale though etcd refuses", both(away, reader.refused, fresh),
        lambda _: bounds.own_up(False), changes, "not stale though etcd refused",
    )  # fmt: skip
    out += _judge(
        file, worst, "F4 not stale though etcd is silent", both(away, fresh),
        lambda _: bounds.own_up(True), changes, "not stale though etcd was silent",
    )  # fmt: skip
    return out


def _judge_broken(file):
    return [
        Violation("F", f"{file.reader.place}: {state}", file.key, at, at)
        for at, state in file.track
        if state.startswith("broken")
    ]


def _judge_rests(history, worst):
    """F3: at rest every file says what etcd has, and that it is sure."""
    for rest in history.rests:
        for track, by, stale in rest.get("files", []):
            _, place, key = track.split(" ", 2)
            wanted = rest["writers"].get(key, "")
            worst["F3 files at rest"].judged += 1
            if (by, stale) != (wanted, False):
                said = f"lists {by or 'nothing'}{', stale' if stale else ''}"
                what = f"{place}: at rest it {said}, and etcd has {wanted or 'nothing'}"
                yield Violation("F", what, key, rest["begin"], rest["end"])


def judge_files(facts, worst):
    history, out = facts.history, []
    places = {}
    for ident, each in history.readers.items():
        places.setdefault((each["place"], each["group"]), []).append(ident)
    for (place, group), idents in places.items():
        reader = Reader(facts, place, group, idents)
        for key in history.keys:
            file = File(reader, key)
            found, right = _judge_content(file, facts.listed(key), worst)
            out += found + _judge_age(file, right, worst) + _judge_broken(file)
    return out + list(_judge_rests(history, worst))
