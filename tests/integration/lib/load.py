# SPDX-License-Identifier: Apache-2.0
"""API calls to the promotion system's gateway, several at a time, each of them noted."""

import http.client
import threading
import time
from collections import namedtuple

from lib.promotion import POLICY

Call = namedtuple("Call", "method start end status body instance")

WORKERS = 4
PAUSE = 0.004  # between two calls of a worker, for the sake of the machine
CALLS = (("POST", POLICY), ("GET", None))


class Load:
    """Creates and lists coupon policies until it is ended."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.calls = []
        self._news = threading.Condition()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(WORKERS)]
        for thread in self._threads:
            thread.start()

    def _work(self):
        connection = self.gateway.connection()
        turn = 0
        while not self._stopping.is_set():
            method, body = CALLS[turn % len(CALLS)]
            turn += 1
            start = time.monotonic()
            try:
                answer = self.gateway.ask(method, "/coupon-policies", body, connection)
            except (OSError, http.client.HTTPException, ValueError) as error:
                answer = (0, repr(error), None)
                connection.close()
            with self._news:
                self.calls.append(Call(method, start, time.monotonic(), *answer))
                self._news.notify_all()
            self._stopping.wait(PAUSE)
        connection.close()

    def wait(self, more, what=lambda call: True):
        """Returns when so many more calls that begin from now on have ended, as `what` wants."""
        now = time.monotonic()

        def seen():
            return sum(1 for call in self.calls if call.start >= now and what(call)) >= more

        with self._news:
            assert self._news.wait_for(seen, 60), f"a standstill after {self.calls[-5:]}"

    def end(self):
        """All calls, in the order in which they ended."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(90)
        return self.calls


def failed(calls):
    return [call for call in calls if not 200 <= call.status < 300]
