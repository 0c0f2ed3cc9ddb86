# SPDX-License-Identifier: Apache-2.0
"""The independent witness: what etcd holds, whether its members serve, how busy the machine is.

Each member has a reader and a canary of its own, so a member that dies, hangs or is cut off
delays nothing: an event counts from the first moment that any reader saw it. A reader goes on
after its last revision, so nothing is missed and nothing is counted twice.
"""

import contextlib
import http.client
import json
import threading
import time

from cluster import TROUBLE
from lib.etcd import PREFIX
from lib.gateway import decode, encode, under

EVERY = 0.2  # seconds between two questions of a canary
SLOW = 0.4  # seconds; a slower answer counts as none
SLICE = 0.5  # seconds over which the worst delay is kept


def tag_of(value):
    """Who wrote the value: each agent's descriptors carry its id as `by`."""
    try:
        return json.loads(value).get("by", "")
    except ValueError:
        return ""


class Reader(threading.Thread):
    """Reads one member's watch, whatever happens to that member."""

    def __init__(self, member, take, ended):
        super().__init__(daemon=True)
        self.member, self.take, self.ended = member, take, ended
        self.next = 1

    def run(self):
        while not self.ended.is_set():
            with contextlib.suppress(*TROUBLE):
                self.read()
            time.sleep(0.02)

    def read(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.member.port)
        with contextlib.closing(connection):
            span = {**under(PREFIX), "start_revision": self.next}
            connection.request("POST", "/v3/watch", json.dumps({"create_request": span}))
            stream = connection.getresponse()
            for line in iter(stream.readline, b""):
                now = time.monotonic()
                for event in json.loads(line)["result"].get("events", []):
                    self.take(event, now)
                    self.next = max(self.next, int(event["kv"]["mod_revision"]) + 1)


class Canary(threading.Thread):
    """Asks one member for a linearizable read, again and again."""

    def __init__(self, index, member, history, ended):
        super().__init__(daemon=True)
        self.track, self.member = f"member {index}", member
        self.history, self.ended = history, ended
        self.serving, self.good_until, self.term = False, history.begin, 0
        self.connection = None

    def run(self):
        self.history.state(self.track, "bad", self.history.begin)
        while not self.ended.is_set():
            start = time.monotonic()
            term = self.ask()
            self.note(term, start, time.monotonic())
            self.ended.wait(max(0.02, start + EVERY - time.monotonic()))

    def ask(self):
        """The member's term, or 0."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(
                    "127.0.0.1", self.member.port, timeout=1
                )
            body = json.dumps({"key": encode("/canary")})
            self.connection.request("POST", "/v3/kv/range", body)
            response = self.connection.getresponse()
            answer = json.loads(response.read())
            return int(answer["header"]["raft_term"]) if response.status == 200 else 0
        except TROUBLE:
            if self.connection is not None:
                self.connection.close()
            self.connection = None
            return 0

    def note(self, term, start, end):
        took = end - start
        if term and took <= SLOW:
            if not self.serving:
                self.history.state(self.track, "serving", end)
            self.serving, self.good_until = True, end
            self.history.add("trips", [end, took])
        elif self.serving:
            self.serving = False
            self.history.state(self.track, "bad", self.good_until)
        if term > self.term:
            if self.term:
                self.history.add("terms", end)
            self.term = term


class Metronome(threading.Thread):
    """How much later than asked a thread of the harness is woken: the machine's own delay."""

    def __init__(self, history, ended):
        super().__init__(daemon=True)
        self.history, self.ended = history, ended

    def run(self):
        while not self.ended.is_set():
            slice_end, worst = time.monotonic() + SLICE, 0.0
            while time.monotonic() < slice_end:
                before = time.monotonic()
                time.sleep(0.02)
                worst = max(worst, time.monotonic() - before - 0.02)
            self.history.add("delays", [time.monotonic(), worst])


class Witness:
    def __init__(self, cluster, history):
        self.history = history
        self.ended = threading.Event()
        self._seen = {}
        self._lock = threading.Lock()
        self.threads = [Metronome(history, self.ended)]
        for index, member in enumerate(cluster.members):
            self.threads.append(Reader(member, self.take, self.ended))
            self.threads.append(Canary(index, member, history, self.ended))

    def start(self):
        for thread in self.threads:
            thread.start()

    def take(self, event, at):
        kv = event["kv"]
        found = {
            "kind": event.get("type", "PUT").lower(),
            "key": decode(kv["key"]).decode(),
            "by": tag_of(decode(kv.get("value", ""))),
            "lease": int(kv.get("lease", 0)),
            "revision": int(kv["mod_revision"]),
            "at": at,
        }
        with self._lock:
            earlier = self._seen.setdefault((found["revision"], found["key"]), found)
            earlier["at"] = min(earlier["at"], at)

    def events(self):
        with self._lock:
            return sorted(self._seen.values(), key=lambda e: (e["revision"], e["key"]))

    def stop(self):
        self.ended.set()
        self.history.events = self.events()


