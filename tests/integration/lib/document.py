# SPDX-License-Identifier: Apache-2.0
"""The json document that a reader writes, seen version by version as it is replaced.

The kernel (inotify) tells of each rename onto the file, so waiting is for a version and not for
time, and the number of renames is exact. A version that is replaced again before it could be
opened is counted, but not read.
"""

import calendar
import contextlib
import ctypes
import functools
import json
import os
import select
import struct
import threading
import time

from lib.patience import patient

IN_MOVED_TO = 0x80
HEAD = struct.Struct("iIII")

_libc = ctypes.CDLL(None, use_errno=True)


class Version:
    """The text of the file at some time; what is no document fails whoever looks at it."""

    def __init__(self, text):
        self.at = time.monotonic()
        self.text = text

    @functools.cached_property
    def document(self):
        document = json.loads(self.text)
        assert isinstance(document, dict), f"no document: {self.text[:200]!r}"
        return document


def seconds(written_at):
    """`2026-11-25T17:00:00.123Z` as seconds since 1970."""
    whole, _, rest = written_at.partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + int(rest[:3]) / 1000


def addresses(document):
    return [each["address"] for each in document.get("instances", [])]


class Renames:
    """Calls on_rename(name) in a thread of its own for each file that is renamed into a folder."""

    def __init__(self, folder, on_rename):
        self._fd = _libc.inotify_init1(os.O_CLOEXEC)
        assert self._fd >= 0, os.strerror(ctypes.get_errno())
        added = _libc.inotify_add_watch(self._fd, os.fsencode(folder), IN_MOVED_TO)
        assert added >= 0, os.strerror(ctypes.get_errno())
        self._on_rename = on_rename
        self._awake, self._waker = os.pipe()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        while True:
            ready, _, _ = select.select([self._fd, self._awake], [], [])
            if self._awake in ready:
                return
            octets = os.read(self._fd, 1 << 16)
            while octets:
                *_, length = HEAD.unpack_from(octets)
                name = octets[HEAD.size : HEAD.size + length].rstrip(b"\0")
                octets = octets[HEAD.size + length :]
                self._on_rename(os.fsdecode(name))

    def close(self):
        os.close(self._waker)
        self._thread.join(10)
        os.close(self._fd)
        os.close(self._awake)


class Document:
    """What one json output has held since this was made, and what it held then."""

    def __init__(self, path, keep=None):
        """With `keep` only so many versions are kept, and none is parsed before it is needed."""
        self.path = path
        self.keep = keep
        self.versions = []
        self.renames = 0
        self._news = threading.Condition()
        path.parent.mkdir(exist_ok=True)
        self._renames = Renames(path.parent, self._on_rename)
        with contextlib.suppress(OSError, ValueError, AssertionError):
            if Version(path.read_text()).document:
                self._take()  # what is there already, if it can be read

    def _on_rename(self, name):
        if name == self.path.name:
            self._take(1)

    def _take(self, renames=0):
        version = Version(self.path.read_text())
        if self.keep is None:
            assert version.document is not None
        with self._news:
            self.renames += renames
            self.versions.append(version)
            if self.keep is not None and self.seen > self.keep:
                self.versions[-self.keep - 1] = None  # so that `since` stays what it was
            self._news.notify_all()

    @property
    def latest(self):
        return self.versions[-1].document

    @property
    def seen(self):
        """How many versions there have been: `since` for those that are to come."""
        return len(self.versions)

    def wait(self, claim, timeout=60, what="", since=None):
        """The first version that claim(document) holds for: the latest one, or one to come.

        Or one after the first `since`: those that have been and gone count then too.
        """
        with self._news:
            first = max(0, self.seen - 1) if since is None else since
            self._news.wait_for(lambda: self._find(claim, first), patient(timeout))
            found = self._find(claim, first)
        assert found, (
            f"waited {timeout} s for {what or 'a document'} in {self.path.name};"
            f" seen: {self.history(first)}"
        )
        return found.document

    def _find(self, claim, first):
        return next((v for v in self.versions[first:] if v and claim(v.document)), None)

    def lists(self, *wanted, timeout=60, stale=False):
        """Waits until exactly these addresses are listed."""
        return self.wait(
            lambda d: sorted(addresses(d)) == sorted(wanted) and d["stale"] == stale,
            timeout,
            f"{len(wanted)} instances, {wanted[:10]}, stale={stale}",
        )

    def is_stale(self, timeout=60):
        return self.wait(lambda d: d["stale"], timeout, "a list that is marked as stale")

    def is_sure(self, timeout=60, since=None):
        return self.wait(lambda d: not d["stale"], timeout, "a list that is confirmed", since)

    def assert_never(self, claim, since=0):
        """No version after the first `since` was so."""
        found = [v.document for v in self.versions[since:] if claim(v.document)]
        assert not found, f"{self.path.name} was {found[0]}; seen: {self.history(since)}"

    def assert_settled(self, settle, since=0):
        """No two versions after the first `since` were written within `settle` seconds."""
        stamps = [seconds(v.document["written_at"]) for v in self.versions[since:]]
        # The date is cut to milliseconds, and taken before the pause begins.
        close = [b - a for a, b in zip(stamps, stamps[1:]) if 0 < b - a < settle - 0.001]
        assert not close, f"written again after {min(close):.3f} s: {self.history(since)}"

    def history(self, since=0):
        return [
            f"at={v.at:.3f} n={len(v.document['instances'])} stale={v.document['stale']}"
            f" age={v.document['age_seconds']} {addresses(v.document)[:4]}"
            for v in self.versions[since:][-40:]
            if v
        ]

    def close(self):
        self._renames.close()
