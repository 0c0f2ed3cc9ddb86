# SPDX-License-Identifier: Apache-2.0
"""Good services beside a hostile one, which change their mind now and then, and a judge of them.

Nine real servers in processes of their own. A thread lets one of them after the other say
NOT_SERVING and, a moment later, SERVING again; its key has to go and to come, and nothing else may
happen to any of them. What happened is read from etcd's own watch, from the first moment to the last.
"""

import random
import threading
import time

import verdicts
from lib.descriptor import descriptor, key_of
from lib.servers import Server

PATIENCE = 30  # seconds; whether it was in time is judged afterwards


class Neighbour:
    def __init__(self, number):
        self.name = f"good{number}"
        self.server = Server("go").start()
        self.key = key_of(self.server.port, self.name)

    def descriptor(self, etcd, **sections):
        return descriptor(etcd, self.server.port, self.name, probe={"timeout": "10s"}, **sections)


class Neighbours:
    """Owns the servers; flips them from start() to stop(); check() is the verdict."""

    def __init__(self, count):
        self.all = [Neighbour(number) for number in range(1, count + 1)]
        self.flips, self.latest, self.failure = 0, 0.0, None
        self.over = threading.Event()
        self.thread = None
        self.dice = random.Random(7)

    def start(self, watch, pause, lateness):
        """All of them are listed when this returns. Then one flips every `pause` seconds or so."""
        self.watch, self.lateness = watch, lateness
        for each in self.all:
            watch.put(each.key, 30)
        self.thread = threading.Thread(target=self.run, args=(pause,), daemon=True)
        self.thread.start()

    def run(self, pause):
        try:
            while not self.over.wait(pause * self.dice.uniform(0.5, 1.5)):
                self.flip(self.dice.choice(self.all))
        except (AssertionError, OSError) as error:
            self.failure = error

    def flip(self, each):
        for status, follows in (("NOT_SERVING", self.watch.gone), ("SERVING", self.watch.put)):
            asked = time.monotonic()
            each.server.status(status)
            seen = follows(each.key, PATIENCE).at
            late = self.lateness.all(asked, seen)
            wrong = verdicts.wrong_flip(f"{status} of {each.name}", asked, seen, late)
            assert wrong is None, wrong
            self.latest = max(self.latest, seen - asked)
            self.flips += 1

    def stop(self):
        self.over.set()
        if self.thread:
            self.thread.join(30)

    def check(self):
        """At least one has flipped, however short the run was."""
        end = time.monotonic() + PATIENCE
        while not self.flips and self.failure is None and time.monotonic() < end:
            time.sleep(0.01)
        self.stop()
        assert self.failure is None, self.failure
        assert self.flips, "no service has flipped"
        for each in self.all:
            self.watch.nothing_more(each.key)

    def close(self):
        self.stop()
        for each in self.all:
            each.server.kill()
