# SPDX-License-Identifier: Apache-2.0
"""A name server that does what a test wants, and an agent that asks it alone."""

import itertools
import os
import socket
import struct
import threading

import pytest

from lib.agent import Agent
from lib.dns import PORT
from lib.names import UNSHARE

# Each test has an address of the loopback of its own: the port of names is fixed.
LAST = itertools.count(os.getpid() % 20000 + 2)
BIND = (
    'mount --bind "$0/resolv.conf" /etc/resolv.conf;'
    ' mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf; exec "$@"'
)
A, SERVFAIL = 1, 2


class Resolver:
    """`answers` has an address for a name; `mode` is "answer", "silent" or "servfail"."""

    def __init__(self):
        number = next(LAST)
        self.address = f"127.101.{number >> 8 & 255}.{number & 255}"
        self.mode, self.answers, self.asked = "answer", {}, 0
        self._news = threading.Condition()
        self.open()

    def open(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((self.address, PORT))
        except PermissionError:
            pytest.skip(f"only who may listen on port {PORT} can be asked for names")
        threading.Thread(target=self._serve, args=(self._socket,), daemon=True).start()

    def _serve(self, heard):
        while True:
            try:
                question, client = heard.recvfrom(4096)
            except OSError:
                return
            if heard is not self._socket:
                return
            with self._news:
                self.asked += 1
                self._news.notify_all()
            if self.mode != "silent":
                try:
                    heard.sendto(self._answer(question), client)
                except OSError:
                    return

    def _answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1 : at + 1 + question[at]].decode())
            at += question[at] + 1
        body = question[12 : at + 5]
        (kind,) = struct.unpack(">H", question[at + 1 : at + 3])
        address = self.answers.get(".".join(labels)) if kind == A else None
        failed = SERVFAIL if self.mode == "servfail" else 0
        head = question[:2] + struct.pack(">HHHHH", 0x8180 | failed, 1, bool(address), 0, 0)
        record = b""
        if address:
            record = struct.pack(">HHHIH", 0xC00C, A, 1, 0, 4) + socket.inet_aton(address)
        return head + body + record

    def wait_asked(self, more=1, timeout=15):
        with self._news:
            wanted = self.asked + more
            assert self._news.wait_for(lambda: self.asked >= wanted, timeout), "nobody asked"

    def close(self):
        """Nobody listens there."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread
        except OSError:
            pass  # it is connected to nobody, and has woken all the same
        self._socket.close()


class ResolvingAgent(Agent):
    """Its files for names are in `folder`; one that is None is empty, as good as missing."""

    def __init__(self, folder, configs, resolv, nsswitch="hosts: files dns\n"):
        self.folder = folder
        (folder / "resolv.conf").write_text(resolv or "")
        (folder / "nsswitch.conf").write_text(nsswitch or "")
        super().__init__(configs)

    def start(self):
        self.argv = [*UNSHARE, "sh", "-c", BIND, str(self.folder), *self.argv]
        super().start()
