# SPDX-License-Identifier: Apache-2.0
"""The lines that a process writes, gathered as they come."""

import codecs
import io
import os
import re
import select
import threading

from lib.patience import patient


class Lines:
    """Reads a pipe to its end in a thread of its own. Waiting is for a line, never for time.

    Whoever looks at the lines has all that was written until then, however late the thread is.
    """

    def __init__(self, pipe, what):
        self.what = what
        self.ended = False
        self.taken = 0
        self._lines, self._rest = [], ""
        self._pipe = pipe
        self._look, self._sleep = self._poll(), self._poll()  # one is not for two threads
        utf_8 = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._decoder = io.IncrementalNewlineDecoder(utf_8, translate=True)
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _poll(self):
        made = select.poll()
        made.register(self._pipe.fileno(), select.POLLIN)
        return made

    def _read(self):
        while not self.ended:
            self._sleep.poll()
            with self._news:
                self._catch_up()

    def _catch_up(self):
        """Takes what is in the pipe, and waits for nothing."""
        while not self.ended and self._look.poll(0):
            octets = os.read(self._pipe.fileno(), 1 << 16)
            *lines, self._rest = (self._rest + self._decoder.decode(octets, not octets)).split("\n")
            if not octets:
                self.ended = True
                lines += [self._rest] if self._rest else []
            self._lines += lines
            self._news.notify_all()

    @property
    def lines(self):
        with self._news:
            self._catch_up()
            return self._lines

    def find(self, pattern, since=0):
        """(match, index) of the first such line from `since` on, or None."""
        for index, line in enumerate(self.lines[since:], since):
            match = re.search(pattern, line)
            if match:
                return match, index
        return None

    def count(self, pattern):
        return sum(1 for line in self.lines if re.search(pattern, line))

    def wait(self, pattern, timeout=30, since=0):
        """(match, index) of the first such line; fails when none comes in time."""
        with self._news:
            self._news.wait_for(lambda: self.find(pattern, since) or self.ended, patient(timeout))
            found = self.find(pattern, since)
        assert found, f"{self.what} never wrote /{pattern}/; it wrote:\n{self.text()}"
        return found

    def take(self, timeout=30):
        """The next line, whatever it is."""
        self.wait("", timeout, self.taken)
        self.taken += 1
        return self.lines[self.taken - 1]

    def text(self):
        return "\n".join(self.lines)

    def join(self):
        """Waits for the end of the pipe, so that nothing written is missed."""
        self._reader.join(patient(30))
        assert self.ended, f"{self.what}: the pipe is still open after the process ended"
