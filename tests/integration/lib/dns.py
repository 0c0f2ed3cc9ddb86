# SPDX-License-Identifier: Apache-2.0
"""A name server for A and AAAA, on an address of loopback that nobody else has."""

import contextlib
import errno
import random
import socket
import struct
import threading

import pytest

from lib.agent import Agent
from lib.names import UNSHARE, need_mounts

PORT = 53
A, AAAA = 1, 28
BIND = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'


def question(request):
    """The name, its type, and the bytes that asked."""
    labels, at = [], 12
    while request[at]:
        labels.append(request[at + 1 : at + 1 + request[at]].decode())
        at += 1 + request[at]
    return ".".join(labels), struct.unpack(">H", request[at + 1 : at + 3])[0], request[12 : at + 5]


class NameServer:
    """Answers with the addresses in `known`, for a name; `asked` are the names."""

    def __init__(self, known):
        self.known, self.asked = known, []
        place = random.SystemRandom()
        for _ in range(100):
            self.host = f"127.{place.randint(1, 254)}.{place.randint(0, 255)}.{place.randint(2, 254)}"
            try:
                return self.open()
            except PermissionError:
                pytest.skip(f"only who may listen on port {PORT} can be asked for names")
            except OSError as why:
                assert why.errno == errno.EADDRINUSE, why
        pytest.skip(f"port {PORT} is somebody's on every address of loopback")

    def open(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.host, PORT))
        threading.Thread(target=self._serve, args=(self._socket,), daemon=True).start()

    def _serve(self, heard):
        while True:
            try:
                request, client = heard.recvfrom(4096)
                if heard is not self._socket:
                    return
                answer = self.answer(request) if len(request) >= 17 else None  # no question
                if answer is not None:
                    heard.sendto(answer, client)
            except OSError:
                return

    def answer(self, request):
        """The bytes to say; None: nothing."""
        name, kind, asked = question(request)
        self.asked.append(name)
        family = {A: socket.AF_INET, AAAA: socket.AF_INET6}.get(kind)
        found = [
            socket.inet_pton(family, address)
            for address in self.known.get(name, ())
            if family is not None and (":" in address) == (kind == AAAA)
        ]
        answers = b"".join(struct.pack(">HHHIH", 0xC00C, kind, 1, 0, len(raw)) + raw for raw in found)
        flags = 0x8180 if name in self.known else 0x8183
        return request[:2] + struct.pack(">HHHHH", flags, 1, len(found), 0, 0) + asked + answers

    def close(self):
        """Nobody listens there."""
        with contextlib.suppress(OSError):  # it is connected to nobody, and wakes the thread all the same
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def asking(server, folder, kind=Agent):
    """A kind of agent that asks that server alone; its resolv.conf is in the folder."""
    need_mounts()
    settings = folder / "resolv.conf"
    settings.write_text(f"nameserver {server.host}\noptions attempts:1 timeout:5\n")

    class Asking(kind):
        def spawn(self, argv, **options):
            super().spawn([*UNSHARE, "sh", "-c", BIND, settings, *argv], **options)

    return Asking
