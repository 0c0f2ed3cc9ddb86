# SPDX-License-Identifier: Apache-2.0
"""Reads a history and says what should not have happened. Pure.

    S   no instance stays listed longer than its bound after its service died
    L   no healthy instance with a live agent and a reachable etcd stays unlisted for longer
    O   every put and every delete is explained: by the agent whose lease and key it is, or a hand
    R   at rest: one lease an instance, each healthy one listed, no agent grows
    F   every file of a reader says what etcd has, and whether it is stale, within its bound
    D   no agent ends, or complains, unasked

S, L and F have one form: take the time during which a state is wrong *and* the agent could do
something about it, cut it where its clock starts anew, and no piece may be longer than its bound.
What is cut short by the next fault is no violation, and is counted apart.
"""

import bisect
import itertools
from collections import defaultdict

import bounds
from drained import judge_w
from files import judge_files
from growth import judge_growth
from intervals import both, cut, invert, meets, minus, union, while_in, widen
from owner import judge_o
from violation import Violation

SETTLED = 6.0  # seconds after some trouble with etcd during which a pause may still be running


class Worst:
    """For one bound: how many pieces were judged, and the one that came nearest to it."""

    def __init__(self):
        self.judged = self.cut_short = 0
        self.took = self.bound = self.share = 0.0

    def note(self, took, bound, ended):
        if not ended:
            self.cut_short += 1
            return
        self.judged += 1
        if took / bound > self.share:
            self.took, self.bound, self.share = took, bound, took / bound


class Allowance:
    """What the machine itself was late by, around a piece of time."""

    def __init__(self, history):
        self.series = [sorted(history.delays), sorted(history.trips)]

    def during(self, begin, end):
        total = 0.0
        for series in self.series:
            left = bisect.bisect_left(series, [begin - 1.0])
            right = bisect.bisect_right(series, [end + 1.0])
            total += max((value for _, value in series[left:right]), default=0.0)
        return total

    def still(self, begin, end):
        """Seconds for which it did not go on at all. What it was late by is known a moment later."""
        delays = self.series[0]
        left, right = bisect.bisect_left(delays, [begin]), bisect.bisect_right(delays, [end + 1.0])
        return sum(value for _, value in delays[left:right] if value >= bounds.STILL)


class Facts:
    """What the history says about each key, agent and group, as sets of time."""

    def __init__(self, history):
        self.history = history
        self.begin, self.end = history.begin, history.end
        self.allowance = Allowance(history)
        self.members = sorted(name for name in history.tracks if name.startswith("member "))
        self.events = defaultdict(list)
        for event in history.events:
            self.events[event["key"]].append(event)
        self.agents_of = defaultdict(list)
        for ident, agent in history.agents.items():
            for key in agent["keys"]:
                self.agents_of[key].append(ident)
        serving = [self.during(member, {"serving"}) for member in self.members]
        self.served = union(*serving)
        away = union(*(self.inverse(each) for each in serving))
        elections = [(term - 2.0, term + 1.0) for term in history.terms]
        away = union(away, elections)
        self.reach, self.most, self.trouble = {}, {}, {}
        for group in {each["group"] for each in history.keys.values()}:
            links = [f"link {group} {m.split()[1]}" for m in self.members]
            good = [
                both(self.during(link, {"clear", "slow"}), serves)
                for link, serves in zip(links, serving)
            ]
            self.reach[group] = union(*good)
            pairs = [both(*pair) for pair in itertools.combinations(good, 2)]
            self.most[group] = minus(union(*pairs), union(elections))
            spoilt = union(*(self.inverse(self.during(link, {"clear"})) for link in links))
            self.trouble[group] = union(spoilt, away)

    def during(self, track, states):
        return while_in(self.history.tracks.get(track, []), lambda s: s in states, self.end)

    def inverse(self, pieces):
        return invert(pieces, self.begin, self.end)

    def running(self, ident):
        return self.during(f"agent {ident}", {"running"})

    def drained(self, ident, key):
        """While this agent may hold the key back, or does so, because somebody drained it."""
        return self.during(f"drain {ident} {key}", {"draining", "drained", "unclear"})

    def in_charge(self, ident, key):
        return minus(self.running(ident), self.drained(ident, key))

    def listed(self, key):
        """[(from, to, who wrote it), ...], by the watch; `to` is the end of the run if still."""
        out, since, by = [], None, ""
        for event in self.events[key]:
            if since is not None:
                out.append((since, event["at"], by))
            since, by = (event["at"], event["by"]) if event["kind"] == "put" else (None, "")
        if since is not None:
            out.append((since, self.end, by))
        return out

    def starts(self, ident):
        """When the agent began, or went on, to run."""
        return [begin for begin, _ in self.running(ident)]

    def backward(self, ttl):
        """When a member that was stopped for a TTL may revoke leases that live: see bounds.py."""
        return [
            (fault["end"], fault["end"] + bounds.LEADER_OF_THE_PAST)
            for fault in self.history.faults
            if fault["kind"] in bounds.STOPS_A_MEMBER and fault["end"] - fault["begin"] > ttl - 1.0
        ]

    def stood_still(self, ttl, begin, end):
        """Whether the machine did so for long enough in that time to let such a lease run out."""
        return self.allowance.still(begin, end) > bounds.outlast(ttl)

    def hands(self, key):
        return [f for f in self.history.faults if key in f.get("keys", ())]


def _pieces(facts, worst, pieces, bound_of, wrong_until, found):
    """Judges pieces of time; `found` makes the violation of one that is too long."""
    out = []
    for begin, end in pieces:
        bound = bound_of(begin, end) + facts.allowance.during(begin, end)
        took = end - begin
        worst.note(took, bound, took > bound or any(abs(end - t) < 1e-6 for t in wrong_until))
        if took > bound:
            out.append(found(begin, end, took, bound))
    return out


def judge_s(facts, worst):
    out = []
    for key, info in facts.history.keys.items():
        group, ttl = info["group"], info["ttl"]
        for kind in bounds.DETECT:
            dead = facts.during(f"service {key}", {kind})
            for since, until, by in facts.listed(key):
                wrong = both(dead, [(since, until)])
                if not wrong:
                    continue

                def found(begin, end, took, bound, kind=kind, by=by, key=key):
                    what = f"listed for {took:.2f} s, bound {bound:.2f} s, service {kind}, by {by}"
                    return Violation("S", what, key, begin, end)

                able = both(wrong, facts.running(by), facts.reach[group])
                calm = minus(able, widen(facts.trouble[group], 0.5, ttl / 3 + 1.0))
                out += _pieces(
                    facts, worst["S agent at work, etcd well"], calm,
                    lambda *_, kind=kind, ttl=ttl: bounds.withdraw(kind, ttl, False),
                    [until], found,
                )  # fmt: skip
                out += _pieces(
                    facts, worst["S agent at work, part of etcd away"], able,
                    lambda *_, kind=kind, ttl=ttl: bounds.withdraw(kind, ttl, True),
                    [until], found,
                )  # fmt: skip
                anew = [*facts.history.terms, *facts.starts(by)]
                out += _pieces(
                    facts, worst["S by expiry, whatever the agent does"],
                    cut(both(wrong, facts.served), anew),
                    lambda *_, kind=kind, ttl=ttl: bounds.expire(kind, ttl),
                    [until], found,
                )  # fmt: skip
    return out


def _alone(facts, key):
    """The time during which no second agent has been near the key for a while."""
    ttl = facts.history.keys[key]["ttl"]
    alive = [
        facts.during(f"agent {ident}", {"running", "paused", "unclear"})
        for ident in facts.agents_of[key]
    ]
    crowd = []
    for index, one in enumerate(alive):
        for other in alive[index + 1 :]:
            crowd += both(one, other)
    return facts.inverse(widen(union(crowd), 0.0, ttl * 2 + SETTLED))


def judge_l(facts, worst):
    out = []
    for key, info in facts.history.keys.items():
        group, ttl = info["group"], info["ttl"]
        listed = [(since, until) for since, until, _ in facts.listed(key)]
        charge = [facts.in_charge(ident, key) for ident in facts.agents_of[key]]
        agents = union(*charge)
        up = facts.during(f"service {key}", {"up"})
        able = both(facts.inverse(union(listed)), up, agents, facts.reach[group])
        able = cut(able, [begin for each in charge for begin, _ in each])
        hands = [(f["begin"] - 1.0, f["end"] + 1.0) for f in facts.hands(key)]
        ends = [since for since, _ in listed]

        def found(begin, end, took, bound, key=key):
            what = f"unlisted for {took:.2f} s, bound {bound:.2f} s"
            return Violation("L", what, key, begin, end)

        calm = invert(widen(facts.trouble[group], 0.5, SETTLED), facts.begin, facts.end)
        calm = both(calm, _alone(facts, key), invert(union(hands), facts.begin, facts.end))
        quick = [
            (begin, min(end, until))
            for begin, end in able
            for since, until in calm
            if since <= begin < until
        ]

        def late(begin, end, hands=hands, ttl=ttl):
            by_hand = bounds.notice_loss(ttl) if meets(hands, begin, end) else 0.0
            return bounds.appear_after_trouble(ttl) + by_hand

        out += _pieces(
            facts, worst["L nothing else wrong"], quick,
            lambda *_: bounds.appear(), ends, found,
        )  # fmt: skip
        slow = [piece for piece in able if piece not in quick]
        out += _pieces(facts, worst["L after trouble, a rival or a hand"], slow, late, ends, found)
    return out


def judge_d(facts, _worst):
    out = []
    for death in facts.history.deaths:
        what = f"{death['agent']}: {death['what']}"
        out.append(Violation("D", what, "", death["at"], death["at"]))
    return out


def judge(history):
    """(violations, name of a bound -> Worst)."""
    facts = Facts(history)
    worst = defaultdict(Worst)
    out = []
    for rule in (judge_s, judge_l, judge_o, judge_w, judge_files, judge_growth, judge_d):
        out += rule(facts, worst)
    return out, dict(worst)
