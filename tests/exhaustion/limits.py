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
    """The share of the time for which it ran, of that in which there was a core for it.

    Beside much other work who only wakes now and then may have to wait for a core most of the time;
    but who spins runs whenever it has one.
    """

    def __init__(self, agent):
        self.path = f"/proc/{agent.child.pid}/schedstat"
        self.begin()

    def begin(self):
        self.begun, self.at = self._spent(), time.monotonic()

    def _spent(self):
        """Seconds for which it ran, and for which it waited for a core."""
        with open(self.path, encoding="ascii") as file:
            ran, waited, _ = map(int, file.read().split())
        return ran / 1e9, waited / 1e9

    def share(self):
        ran, waited = (now - then for now, then in zip(self._spent(), self.begun))
        return ran / max(time.monotonic() - self.at - waited, ran, 1e-9)
