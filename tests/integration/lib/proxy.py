# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy: counts connections, cuts them, holds back or swallows what they carry."""

import socket
import threading

from lib.patience import patient
from lib.ports import free_port, listen


class TcpProxy:
    """Forwards host:port to 127.0.0.1:target; both ends close together.

    `accepted` counts the connections that reached the target.
    """

    def __init__(self, target, host="127.0.0.1", port=None):
        """`host` is an address of the loopback, IPv4 or IPv6; `port` is a free one by default."""
        self.target = target
        self.host = host
        self.port = port or free_port()
        self.accepted = 0
        self.alive = []  # in the order in which they came
        self._swallowed = set()
        self._changed = threading.Condition()
        self._flowing = threading.Event()
        self._flowing.set()
        self._frozen_from = 0
        self._held = threading.Event()
        self._trap = None
        self._listener = None
        self.open()

    @property
    def endpoint(self):
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def open(self):
        self._listener = listen(self.port, self.host)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, listener), daemon=True).start()

    def _serve(self, client, listener):
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (client, server)
        with self._changed:
            cut = self._listener is not listener  # between being accepted and being known
            if not cut:
                self.alive.append(pair)
                number = self.accepted
                self.accepted += 1
                self._changed.notify_all()
        if cut:
            client.close()
            server.close()
            return
        upward = threading.Thread(target=self._pump, args=(client, server, number), daemon=True)
        upward.start()
        self._pump(server, client, number)
        upward.join()
        with self._changed:
            self.alive.remove(pair)
            self._swallowed -= set(pair)
            self._changed.notify_all()
        client.close()
        server.close()

    def _pump(self, source, sink, number):
        try:
            while True:
                piece = source.recv(65536)
                trap = self._trap  # the thread of the other direction may take it away
                if trap is not None and trap in piece:
                    self._trap = None
                    self.freeze()
                if number >= self._frozen_from:
                    if piece and not self._flowing.is_set():
                        self._held.set()
                    self._flowing.wait()
                if not piece:
                    break
                if source not in self._swallowed:
                    sink.sendall(piece)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def freeze(self, first=0):
        """From now on nothing is forwarded and nothing is closed: a black hole that accepts.

        With `first` connections are spared that came before that number, counted from 0.
        """
        self._frozen_from = first
        self._flowing.clear()

    def freeze_at(self, octets):
        """Freezes before the first piece with these octets in it goes through."""
        self._trap = octets

    def wait_held(self, timeout=30):
        """Waits until something was sent that a frozen proxy holds back."""
        assert self._held.wait(patient(timeout)), f"nothing was sent within {timeout} s"

    def thaw(self):
        """Lets everything that was held back pass, late."""
        self._flowing.set()

    def swallow(self, number=None):
        """What comes on the connections of now, or on one of them, goes nowhere from now on.

        They stay open, and new ones are carried: what is left behind when a machine, or the
        table of a firewall, between the two has lost them.
        """
        with self._changed:
            for pair in self.alive if number is None else [self.alive[number]]:
                self._swallowed |= set(pair)

    def end_connections(self):
        """Ends every connection; new ones are taken as before."""
        with self._changed:
            pairs = list(self.alive)
        for pair in pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def cut(self):
        """Stops listening and ends every connection: the machine behind it has died."""
        with self._changed:
            listener, self._listener = self._listener, None
        if listener is not None:
            # A plain close() leaves a thread that waits in accept() holding the socket.
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.end_connections()

    def wait_accepted(self, count, timeout=30):
        with self._changed:
            assert self._changed.wait_for(lambda: self.accepted >= count, patient(timeout)), (
                f"{self.accepted} of {count} connections came within {timeout} s"
            )

    def close(self):
        self.thaw()
        try:
            self.cut()
        except OSError:
            pass  # cut by the test already
