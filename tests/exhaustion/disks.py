# SPDX-License-Identifier: Apache-2.0
"""A disk that hangs when a test says so: nothing that is to be flushed to it comes back."""

import mmap
import os
import struct

from lib.outputs import until

LIBRARY = os.environ.get("SVC_HANGING_DISK", "hanging_disk.so")


class HangingDisk:
    """`folder` is on it; `env` is for the agent that sees it so."""

    def __init__(self, folder):
        self.folder = folder / "disk"
        self.folder.mkdir()
        path = folder / "hanging-disk"
        path.write_bytes(bytes(8))
        with open(path, "r+b") as file:
            self._control = mmap.mmap(file.fileno(), 8)  # hangs, asked
        self.env = {
            "LD_PRELOAD": LIBRARY,
            "HANGING_DISK": str(path),
            "HANGING_DISK_AT": f"{self.folder}/",
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=1:exitcode=99",
        }

    @property
    def asked(self):
        """How many writes it has not answered, or had not when it came back."""
        return struct.unpack_from("i", self._control, 4)[0]

    def hang(self):
        struct.pack_into("i", self._control, 0, 1)

    def come_back(self):
        struct.pack_into("i", self._control, 0, 0)

    def wait_asked(self, n=1):
        until(lambda: self.asked >= n)

    def names(self):
        return sorted(each.name for each in self.folder.iterdir())
