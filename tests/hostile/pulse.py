# SPDX-License-Identifier: Apache-2.0
"""Is the agent's loop alive? GET /healthz is asked all the time, and each answer's time is noted.

A machine with other work lets everybody wait for a processor. How long, the kernel counts for each
thread (schedstat); what the agent and the asker waited is taken off an answer's time. So is what a
thread of ours that only sleeps was late by meanwhile: a machine that stands still counts nothing.
What is left is the agent's own doing: what it computed, or waited for, before it answered.
"""

import bisect
import http.client
import threading
import time
from collections import namedtuple

EVERY = 0.01  # seconds between two questions
BOUND = 0.1  # seconds that an answer may take
LEAST = 20  # answers that a verdict takes

Beat = namedtuple("Beat", "at took own")


def waited(path):
    """Seconds that this thread was ready and had no processor."""
    with open(f"/proc/{path}/schedstat", encoding="ascii") as text:
        return int(text.read().split()[1]) / 1e9


class Pulse:
    def __init__(self, pid, port):
        self.pid, self.port = pid, port
        self.beats, self.failures = [], []
        self.woken, self.late = [], []  # when the sleeper was, and by how much too late
        self.over = threading.Event()
        self.sleeper = threading.Thread(target=self.sleep, daemon=True)
        self.sleeper.start()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while not self.over.wait(EVERY):
            try:
                self.beat(connection)
            except (OSError, http.client.HTTPException) as error:
                if not self.over.is_set():
                    self.failures.append(f"{time.monotonic():.3f}: {error!r}")
                connection.close()

    def sleep(self):
        while not self.over.is_set():
            start = time.monotonic()
            time.sleep(EVERY)
            self.woken.append(time.monotonic())
            self.late.append(self.woken[-1] - start - EVERY)

    def lateness(self, beat):
        """The most that the sleeper was late by from before this beat to after it."""
        first = bisect.bisect_left(self.woken, beat.at)
        last = bisect.bisect_right(self.woken, beat.at + beat.took) + 1
        return max(self.late[first:last], default=0.0)

    def own(self, beat):
        return max(0.0, beat.own - self.lateness(beat)) if beat.own > EVERY else beat.own

    def beat(self, connection):
        agent, ours = waited(self.pid), waited("thread-self")
        start = time.monotonic()
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        answer.read()
        took = time.monotonic() - start
        queued = waited(self.pid) - agent + waited("thread-self") - ours
        assert answer.status == 200, f"/healthz answered {answer.status}"
        self.beats.append(Beat(start, took, max(0.0, took - queued)))

    def excuse(self, since):
        """What was answered since then was answered, and how soon does not count."""
        self.beats = [beat._replace(own=0.0) if beat.at >= since else beat for beat in self.beats]

    def worst(self, since=0.0):
        """The beat that took the agent itself the longest."""
        beats = [beat for beat in self.beats if beat.at >= since]
        worst = max(beats, key=self.own)
        return worst._replace(own=self.own(worst))

    def stop(self):
        self.over.set()
        self.thread.join(15)
        self.sleeper.join(15)

    close = stop

    def wait_for(self, beats):
        """Returns when it was asked so often, or in vain."""
        end = time.monotonic() + 30
        while len(self.beats) < beats and not self.failures and time.monotonic() < end:
            time.sleep(EVERY)

    def check(self, bound=BOUND):
        """To be called at the end: every answer came, and in time."""
        self.wait_for(LEAST)
        self.stop()
        assert not self.failures, f"/healthz: {self.failures}"
        assert self.beats, "/healthz was never asked"
        worst = self.worst()
        assert worst.own <= bound, f"/healthz took {worst.own:.3f} s of the agent ({worst.took:.3f} s in all)"
        return worst
