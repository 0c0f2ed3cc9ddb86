# SPDX-License-Identifier: Apache-2.0
"""Is the agent's loop alive? GET /healthz is asked all the time, and each answer's time is noted.

A machine with other work lets everybody wait for a processor. How long, the kernel counts for each
thread (schedstat); what the agent and the asker waited is taken off an answer's time. So is what a
thread of ours that only sleeps was late by meanwhile: a machine that stands still counts nothing.
What is left is the agent's own doing: what it computed, or waited for, before it answered.
"""

import http.client
import threading
import time

from verdicts import ANSWER, Beats, Lateness

EVERY = 0.01  # seconds between two questions
BOUND = ANSWER
LEAST = 20  # answers that a verdict takes
TIMEOUT = 60  # seconds after which none will come


def waited(path):
    """Seconds that this thread was ready and had no processor."""
    with open(f"/proc/{path}/schedstat", encoding="ascii") as text:
        return int(text.read().split()[1]) / 1e9


class Sleeper(Lateness):
    """A thread that does nothing else, from now on to stop()."""

    def __init__(self):
        super().__init__()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.over.is_set():
            start = time.monotonic()
            time.sleep(EVERY)
            woken = time.monotonic()
            self.note(woken, woken - start - EVERY)

    def stop(self):
        self.over.set()
        self.thread.join(15)


class Pulse(Beats):
    def __init__(self, pid, port):
        super().__init__(Sleeper(), EVERY)
        self.pid, self.port = pid, port
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        while not self.over.wait(EVERY):
            try:
                self.beat(connection)
            except (OSError, http.client.HTTPException) as error:
                if not self.over.is_set():
                    self.failures.append(f"{time.monotonic():.3f}: {error!r}")
                connection.close()

    def beat(self, connection):
        agent, ours = waited(self.pid), waited("thread-self")
        start = time.monotonic()
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        answer.read()
        took = time.monotonic() - start
        queued = waited(self.pid) - agent + waited("thread-self") - ours
        assert answer.status == 200, f"/healthz answered {answer.status}"
        self.note(start, took, queued)

    def stop(self):
        self.over.set()
        self.thread.join(TIMEOUT + 10)
        self.lateness.stop()

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
        wrong = self.wrong(bound)
        assert wrong is None, wrong
        return self.worst()
