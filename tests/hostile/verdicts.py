# SPDX-License-Identifier: Apache-2.0
"""What `run` makes of what it has measured. Pure; test_verdicts.py shows what each of it finds.

A machine with other work lets everybody wait. How long the agent waited for a processor the kernel
counts; by how much a thread that only sleeps is woken too late tells of the rest. Neither is held
against the agent.
"""

import bisect
from collections import namedtuple

ANSWER = 0.1  # seconds that an answer of /healthz may take
FLIP = 5.0  # seconds from a flip of a good service to its event in etcd
# KiB above what it had before, at any moment of a case. What it keeps for a connection is some tens,
# and libraries that a case is the first to need are there before the first measurement.
CEILING = 512
# KiB of its own that it may have more at the end of a run than it ever had while each case came for the
# first time: half as many of its heap come and go.
GROWTH = 512
# Of the time in which it could have had a processor. A flood takes a twentieth.
SHARE = 0.5
STILL = 0.2  # seconds; by less a sleeper is late where there is other work

Beat = namedtuple("Beat", "at took own")
Figure = namedtuple("Figure", "peak own processor beat")


class Lateness:
    """When a sleeper was woken, and by how much too late."""

    def __init__(self):
        self.woken, self.late = [], []

    def note(self, woken, late):
        self.late.append(late)
        self.woken.append(woken)

    def _around(self, begin, end):
        """From before the one to after the other."""
        first = bisect.bisect_left(self.woken, begin)
        return self.late[first : bisect.bisect_right(self.woken, end) + 1]

    def most(self, begin, end):
        return max(self._around(begin, end), default=0.0)

    def all(self, begin, end):
        return sum(self._around(begin, end))


class Beats:
    """Answers of /healthz: when each was asked for, what it took, and what of it was the agent's own."""

    def __init__(self, lateness, every):
        self.lateness, self.every = lateness, every
        self.beats, self.failures = [], []

    def note(self, at, took, queued):
        """`queued`: what agent and asker waited for a processor meanwhile."""
        self.beats.append(Beat(at, took, max(0.0, took - queued)))

    def own(self, beat):
        """The machine's lateness counts for none that was slow for no time at all."""
        if beat.own <= self.every:
            return beat.own
        return max(0.0, beat.own - self.lateness.most(beat.at, beat.at + beat.took))

    def excuse(self, since):
        """What was answered since then was answered, and how soon does not count."""
        self.beats = [beat._replace(own=0.0) if beat.at >= since else beat for beat in self.beats]

    def worst(self, since=0.0):
        """The beat that took the agent itself the longest; of none, one of nothing."""
        beats = [beat._replace(own=self.own(beat)) for beat in self.beats if beat.at >= since]
        return max(beats, key=lambda beat: beat.own, default=Beat(since, 0.0, 0.0))

    def wrong(self, bound):
        if self.failures:
            return f"/healthz: {self.failures}"
        if not self.beats:
            return "/healthz was never asked"
        worst = self.worst()
        if worst.own > bound:
            return f"/healthz took {worst.own:.3f} s of the agent ({worst.took:.3f} s in all)"
        return None


def share(used, waited, seconds, late):
    """Of the time in which it could have had a processor, what it has used of one.

    `late`: by how much a sleeper was meanwhile. While a machine stands still, who was at work on it seems
    to be so, to the kernel.
    """
    used = max(0.0, used - late) if late >= STILL else used
    return used / max(seconds - waited, used, 1e-9)


def wrong_figure(figure):
    if figure.peak > CEILING:
        yield f"{figure.peak} KiB more than before, {CEILING} are allowed"
    if figure.processor > SHARE:
        yield f"{figure.processor:.2f} of a processor, {SHARE} are allowed"


def grown(first, again):
    """KiB that it has more in the last quarter of the cases that came again than in any that came first.

    A case may leave the heap larger once; what each coming takes is a leak.
    """
    quarter = (len(again) + 3) // 4
    return min(again[-quarter:]) - max(first) if again else 0


def wrong_growth(first, again):
    more = grown(first, again)
    return f"{more} KiB of its own more than at first, {GROWTH} are allowed" if more > GROWTH else None


def wrong_flip(name, asked, seen, late):
    """A flip and its event in etcd; `late`: what the machine was late by between them."""
    if seen < asked:
        return f"{name} had changed {asked - seen:.3f} s before it was told to"
    if seen - asked - late > FLIP:
        return f"{name} was {seen - asked:.3f} s late, {late:.3f} s of it the machine's"
    return None
