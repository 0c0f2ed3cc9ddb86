# SPDX-License-Identifier: Apache-2.0
"""An agent whose allocations fail when it is told so; see scarce_memory.c."""

import mmap
import os
import pathlib
import struct

from lib.agent import BINARY, Agent

SUPPRESSIONS = pathlib.Path(__file__).with_name("lsan.supp")
LIBRARY = os.environ.get("SVC_SCARCE_MEMORY", "scarce_memory.so")
NUMBER = struct.Struct("q")
COUNT, LEFT, LENGTH, FAILED, LEAST = range(0, 40, 8)
SIZE = 40


class Memory:
    """What `struct control` of scarce_memory.c is."""

    def __init__(self, path, least=0):
        """Of all allocations, or of those of `least` bytes and more."""
        self.path = path
        self.where = path.with_name(path.name + ".where")
        path.write_bytes(bytes(SIZE))
        self.where.touch()
        with open(path, "r+b") as file:
            self._at = mmap.mmap(file.fileno(), SIZE)
        self._set(LEAST, least)

    def _get(self, field):
        return NUMBER.unpack_from(self._at, field)[0]

    def _set(self, field, value):
        NUMBER.pack_into(self._at, field, value)

    def fail(self, at, length=1):
        """From now on the `at`-th allocation fails, counted from 1, and those after it."""
        self._set(LEFT, 0)
        self._set(FAILED, 0)
        self._set(LENGTH, length)
        self._set(LEFT, at + length - 1)
        self.where.write_text("")

    def forget(self):
        self._set(COUNT, 0)

    def relent(self):
        self._set(LEFT, 0)

    @property
    def count(self):
        return self._get(COUNT)

    @property
    def failed(self):
        """How many have failed since fail()."""
        return self._get(FAILED)

    def close(self):
        self._at.close()


class ScarceAgent(Agent):
    # libseccomp (2.5.4) crashes without memory, while the filter is made: at the start, and unmendable here.
    words = ("--seccomp=off",)

    def __init__(self, memory, configs, binary=None, env=None):
        self.binary = binary or BINARY
        sanitized = binary is None
        extra = {"LD_PRELOAD": LIBRARY, "SCARCE_MEMORY": str(memory.path), **(env or {})}
        if sanitized:
            extra["ASAN_OPTIONS"] = "verify_asan_link_order=0:detect_leaks=1:exitcode=99"
            extra["LSAN_OPTIONS"] = f"exitcode=99:print_suppressions=0:suppressions={SUPPRESSIONS}"
        super().__init__(configs, extra)
