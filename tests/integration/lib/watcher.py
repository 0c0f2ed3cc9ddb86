# SPDX-License-Identifier: Apache-2.0
"""An independent witness of what etcd holds.

A thread reads etcd's own watch (its JSON gateway, one object a line) and keeps every put and
delete with the time it was seen. All verdicts of the tests rest on this history.

Each key has a cursor: put() and gone() take the key's *next* event and fail when it is of the
other kind, so a test that walks through them has also shown that nothing else happened between.
"""

import http.client
import json
import threading
import time
from collections import namedtuple

from lib.gateway import decode, under
from lib.patience import patient

Event = namedtuple("Event", "kind key value lease revision at")


def _event(kind, kv):
    return Event(
        kind,
        decode(kv["key"]).decode(),
        decode(kv.get("value", "")),
        int(kv.get("lease", 0)),
        int(kv["mod_revision"]),
        time.monotonic(),
    )


class Watcher:
    """What is there at the start counts as put; then every change, until etcd goes away."""

    def __init__(self, etcd, prefix):
        self.events = []
        self._taken = {}
        self._news = threading.Condition()
        self._ended = False
        span = under(prefix)
        now = etcd.ask("kv/range", span)
        self._add([_event("put", kv) for kv in now.get("kvs", [])])
        span["start_revision"] = int(now["header"]["revision"]) + 1
        stream = self._open(etcd, span)
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    @staticmethod
    def _open(etcd, span):
        connection = http.client.HTTPConnection("127.0.0.1", etcd.port)
        body = json.dumps({"create_request": span})
        connection.request("POST", "/v3/watch", body, etcd.headers())
        stream = connection.getresponse()
        created = json.loads(stream.readline())
        assert created["result"].get("created"), f"etcd refused the watch: {created}"
        return stream

    def _read(self, stream):
        try:
            for line in iter(stream.readline, b""):
                found = json.loads(line).get("result", {}).get("events", [])
                self._add([_event(e.get("type", "PUT").lower(), e["kv"]) for e in found])
        except (OSError, http.client.HTTPException, ValueError):
            pass  # etcd was stopped; the history up to here stands
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _add(self, events):
        with self._news:
            self.events.extend(events)
            self._news.notify_all()

    def of(self, key):
        return [e for e in self.events if e.key == key]

    def kinds(self, key):
        return [e.kind for e in self.of(key)]

    def wait_for(self, predicate, timeout=30, what="a change in etcd"):
        """Waits until predicate(events) holds and returns what it returned."""
        with self._news:
            self._news.wait_for(lambda: predicate(self.events) or self._ended, patient(timeout))
            result = predicate(self.events)
        assert result, f"waited {timeout} s for {what}; seen: {self.history()}"
        return result

    def _next(self, kind, key, timeout):
        at = self._taken.get(key, 0)
        self.wait_for(lambda _: len(self.of(key)) > at, timeout, f"{kind} of {key}")
        event = self.of(key)[at]
        assert event.kind == kind, f"expected {kind} of {key}; seen: {self.history()}"
        self._taken[key] = at + 1
        return event

    def put(self, key, timeout=30):
        return self._next("put", key, timeout)

    def gone(self, key, timeout=30):
        return self._next("delete", key, timeout)

    def nothing_more(self, key):
        """Fails when the key has an event that put() and gone() have not taken."""
        rest = self.of(key)[self._taken.get(key, 0) :]
        assert not rest, f"more happened to {key}: {rest}"

    def history(self):
        return [f"{e.kind} {e.key} lease={e.lease:x} at={e.at:.3f}" for e in self.events]
