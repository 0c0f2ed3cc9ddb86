# SPDX-License-Identifier: Apache-2.0
"""What the readers' files say, and since when: the kernel tells of each file that is replaced.

A file is read as a program that uses it would read it, at any moment; what it says must be whole
and fit to its service each time.
"""

import functools
import json
import time

from lib.document import Renames


class Unusable(Exception):
    """Why a file is of no use to who reads it."""


def _want(condition, why):
    if not condition:
        raise Unusable(why)


def read_document(text, service):
    """(who wrote the value that is listed or "", stale, revision) of a file of this service."""
    try:
        found = json.loads(text)
        _want(found["service"] == service.name, "it is about another service")
        _want(len(found["instances"]) <= 1, "it lists what never was")
        for instance in found["instances"]:
            _want(instance["key"] == service.key, f"it lists {instance['key']}")
            _want(instance["address"] == f"localhost:{service.port}", "the address is another")
        by = [each["metadata"]["by"] for each in found["instances"]]
        return "".join(by), found["stale"], found["revision"]
    except (ValueError, KeyError, TypeError) as why:
        raise Unusable(f"{why!r}: {text[:200]!r}") from why


class File:
    """The file of one service in the folder of one reader."""

    def __init__(self, place, service, history):
        self.path, self.service, self.history = place.path_of(service), service, history
        self.said, self.aged = f"file {place.name} {service.key}", f"age {place.name} {service.key}"
        self.by, self.stale, self.revision = None, None, 0
        history.state(self.said, "nothing", history.begin)

    def look(self, at):
        text = self.path.read_text(errors="backslashreplace")
        try:
            by, stale, revision = read_document(text, self.service)
            _want(revision >= self.revision, f"revision {revision} after {self.revision}")
        except Unusable as why:
            self.history.state(self.said, f"broken: {why}", at)
            self.by = None
            return
        if by != self.by:
            self.history.state(self.said, f"listed by {by}" if by else "unlisted", at)
        if stale != self.stale:
            self.history.state(self.aged, "stale" if stale else "fresh", at)
        self.by, self.stale, self.revision = by, stale, revision


class FileWatch:
    """Has a thread for each folder, from start() to close()."""

    def __init__(self, places, history):
        self.places = places
        self.folders = []
        self.files = {
            place.name: {
                place.path_of(service).name: File(place, service, history)
                for service in place.services
            }
            for place in places
        }

    def start(self):
        for place in self.places:
            on_rename = functools.partial(self._on_rename, self.files[place.name])
            self.folders.append(Renames(place.files, on_rename))

    @staticmethod
    def _on_rename(files, name):
        if name in files:
            files[name].look(time.monotonic())

    def _every(self):
        return [file for files in self.files.values() for file in files.values()]

    def as_listed(self, values):
        """Whether each file says what etcd has, key -> who wrote the value, and is not stale."""
        return all(
            (file.by, file.stale) == (values.get(file.service.key, ""), False)
            for file in self._every()
        )

    def snapshot(self):
        """[[file's track, who wrote the value that it lists or "", stale], ...]"""
        return [[file.said, file.by, file.stale] for file in self._every()]

    def close(self):
        for folder in self.folders:
            folder.close()
