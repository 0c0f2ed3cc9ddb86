# SPDX-License-Identifier: Apache-2.0
"""What a running agent may still take of the machine, and how busy it is."""

import resource
import time


def forbid(agent, kind=resource.RLIMIT_NOFILE, soft=3):
    """It keeps what it has open, and gets nothing more; returns what undoes that."""
    before = resource.prlimit(agent.child.pid, kind)
    resource.prlimit(agent.child.pid, kind, (soft, before[1]))
    return lambda: resource.prlimit(agent.child.pid, kind, before)


class Busy:
    """The share of the time for which it ran, or would have, had there been a core for it.

    Beside much other work who only wakes now and then may have to wait for a core most of the time;
    but who spins does so always.
    """

    def __init__(self, agent):
        self.path = f"/proc/{agent.child.pid}/schedstat"
        self.begin()

    def begin(self):
        self.begun, self.at = self._spent(), time.monotonic()

    def _spent(self):
        with open(self.path, encoding="ascii") as file:
            ran, waited, _ = map(int, file.read().split())
        return (ran + waited) / 1e9

    def share(self):
        return (self._spent() - self.begun) / (time.monotonic() - self.at)
