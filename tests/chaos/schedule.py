# SPDX-License-Identifier: Apache-2.0
"""Draws the faults of a run from its seed. Pure: the same seed and shape, the same faults.

Faults overlap, but never on one victim: each victim is left alone for a while after a fault, so
that what the fault did to it can be seen to end. The members are one victim together (two
at once would only be an outage, which has a fault of its own); so are the links of a group.
What is drawn apart (readers, reloads and drains) falls on whoever has another fault, too.
"""

import random
from collections import namedtuple

Fault = namedtuple("Fault", "at kind victim seconds number")
Shape = namedtuple("Shape", "services slots steady groups members restless")

# kind: (victims, weight, shortest, longest), seconds
KINDS = {
    "service.kill": ("service", 8, 0.3, 8.0),
    "service.terminate": ("service", 5, 0.3, 8.0),
    "service.restart": ("service", 4, 0.0, 0.0),
    "service.hang": ("service", 5, 0.3, 9.0),
    "service.flip": ("service", 9, 0.2, 8.0),
    "agent.kill": ("mortal", 6, 0.0, 9.0),
    "agent.terminate": ("mortal", 5, 0.0, 5.0),
    "agent.pause": ("slot", 4, 0.2, 1.9),
    "agent.pause_long": ("slot", 4, 5.5, 10.0),
    "agent.hang_up": ("slot", 2, 0.0, 0.0),
    "agent.second": ("mortal", 4, 1.0, 10.0),
    "agent.second_killed": ("mortal", 3, 1.0, 10.0),
    "hand.delete_key": ("service", 4, 0.0, 0.0),
    "hand.revoke_lease": ("service", 4, 0.0, 0.0),
    "net.cut": ("group", 3, 0.5, 8.0),
    "net.freeze": ("group", 3, 0.5, 8.0),
    "net.cut_all": ("group", 2, 0.5, 9.0),
    "net.freeze_all": ("group", 2, 0.5, 9.0),
    "net.delay": ("group", 3, 2.0, 8.0),
    "net.stall": ("group", 3, 2.0, 8.0),
    "net.reset": ("group", 3, 0.0, 0.0),
    "member.kill": ("cluster", 3, 0.5, 6.0),
    "member.terminate": ("cluster", 2, 0.5, 6.0),
    "member.pause": ("cluster", 3, 0.5, 7.0),
    "member.leader_kill": ("cluster", 3, 0.5, 5.0),
    "member.leader_pause": ("cluster", 3, 7.0, 7.0),
    "member.wipe": ("cluster", 1, 0.5, 2.0),
    "member.all_stopped": ("cluster", 1, 6.0, 9.0),
    "member.isolate": ("cluster", 3, 1.0, 8.0),
    "member.pair_cut": ("cluster", 2, 1.0, 8.0),
    "member.slow_peers": ("cluster", 2, 2.0, 8.0),
}

# Drawn apart from those above, so that these change nothing about them.
READER_KINDS = {
    "reader.kill": ("reader", 4, 0.0, 9.0),
    "reader.terminate": ("reader", 3, 0.0, 5.0),
    "reader.pause": ("reader", 3, 0.2, 1.9),
    "reader.pause_long": ("reader", 3, 5.5, 12.0),
    "net.strand": ("line", 6, 2.0, 2.0),
}
READER_SHARE = 0.25  # so many of these for each of the others
ALONE = 1.5  # seconds: links have no second fault for so long
READER_NUMBERS = 1000000  # ... and their numbers begin here

# ... and so are these.
UPKEEP_KINDS = {
    "agent.reload": ("slot", 5, 0.0, 0.0),
    "agent.drain": ("slot", 3, 0.3, 6.0),
}
UPKEEP_SHARE = 0.4
UPKEEP_NUMBERS = 2000000

QUIET = {"reader": 9.0, "line": 20.0, "service": 9.0, "slot": 9.0, "mortal": 9.0, "group": 12.0, "cluster": 10.0}


def _victims(shape):
    """What each sort of fault can fall on. A mortal is a slot that is not steady."""
    slots = list(range(shape.slots))
    return {
        "service": list(range(shape.services)),
        "slot": slots,
        "mortal": [s for s in slots if s not in shape.steady],
        "group": list(range(shape.groups)),
        "cluster": [0],
        "reader": list(range(shape.restless)),
        "line": list(range(shape.groups)),
    }


def _lane(sort, victim):
    return ("slot" if sort == "mortal" else sort, victim)


class _Draw:
    def __init__(self, seed, shape, kinds, number):
        self.random = random.Random(seed)
        self.victims = _victims(shape)
        self.kinds, self.number = kinds, number

    def one(self, at, until, busy):
        """A fault on a victim that is free at this time and that is over by `until`, or None."""
        kinds = list(self.kinds)
        kind = self.random.choices(kinds, [self.kinds[k][1] for k in kinds])[0]
        sort, _, shortest, longest = self.kinds[kind]
        seconds = self.random.uniform(shortest, longest)
        free = [v for v in self.victims[sort] if busy.get(_lane(sort, v), 0.0) <= at]
        pick = self.random.random()
        if not free or at + seconds > until:
            return None
        victim = free[int(pick * len(free))]
        busy[_lane(sort, victim)] = at + seconds + QUIET[sort]
        self.number += 1
        return Fault(round(at, 3), kind, victim, round(seconds, 3), self.number)


    def segment(self, seconds, rate):
        busy, faults, at = {}, [], 0.0
        while True:
            at += self.random.expovariate(rate)
            if at >= seconds:
                return faults
            # A kind whose victims are all busy gives its turn to another.
            tries = (self.one(at, seconds, busy) for _ in range(20))
            found = next((fault for fault in tries if fault is not None), None)
            faults += [found] if found else []


def _is_free(fault, others):
    """Whether no other fault is at the links that this one is for, nor just before or after."""
    return fault.kind != "net.strand" or not any(
        KINDS[each.kind][0] == "group"
        and each.victim == fault.victim
        and each.at - fault.seconds - ALONE < fault.at < each.at + each.seconds + ALONE
        for each in others
    )


def draw(seed, shape, segments, seconds, rate):
    """`segments` lists of faults, each over `seconds` with `rate` faults a second."""
    first = _Draw(seed, shape, KINDS, 0)
    more = _Draw(f"{seed}/readers", shape, READER_KINDS, READER_NUMBERS)
    upkeep = _Draw(f"{seed}/upkeep", shape, UPKEEP_KINDS, UPKEEP_NUMBERS)
    out = []
    for _ in range(segments):
        faults = first.segment(seconds, rate)
        extra = more.segment(seconds, rate * READER_SHARE)
        extra = [fault for fault in extra if _is_free(fault, faults)]
        out.append(sorted(faults + extra + upkeep.segment(seconds, rate * UPKEEP_SHARE)))
    return out
