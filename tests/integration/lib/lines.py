# SPDX-License-Identifier: Apache-2.0
"""The lines that a process writes, gathered as they come."""

import re
import threading

from lib.patience import patient


class Lines:
    """Reads a pipe to its end in a thread of its own. Waiting is for a line, never for time."""

    def __init__(self, pipe, what):
        self.what = what
        self.lines = []
        self.ended = False
        self.taken = 0
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self._reader.start()

    def _read(self, pipe):
        for line in pipe:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self.ended = True
            self._news.notify_all()

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
