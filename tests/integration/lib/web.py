# SPDX-License-Identifier: Apache-2.0
"""Servers for the probes that are not gRPC: one that says what a test wants, and a real one."""

import socket
import struct
import subprocess
import sys
import threading
import time

from lib.ports import free_port, listen
from lib.process import Process

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def status(code):
    return f"HTTP/1.1 {code} Something\r\nContent-Length: 0\r\n\r\n".encode()


class WebServer:
    """Listens at once; each request is answered by `answer`, bytes or a function of the connection.

    With `closes` the connection ends after each answer, without a word about it before. `tls` is a
    server's SSLContext. `connections` counts those that were taken, `requests` keeps what was asked.
    """

    def __init__(self, path=None, tls=None, answer=OK):
        self.path, self.tls, self.answer = path, tls, answer
        self.port = None if path else free_port()
        self.closes = False
        self.connections, self.requests = 0, []
        self._open = []
        self.listen()

    @property
    def target(self):
        return f"unix:{self.path}" if self.path else f"127.0.0.1:{self.port}"

    def listen(self):
        if self.path:
            self._listener = socket.socket(socket.AF_UNIX)
            self.path.unlink(missing_ok=True)
            self._listener.bind(str(self.path))
            self._listener.listen(16)
        else:
            self._listener = listen(self.port)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, listener), daemon=True).start()

    def _serve(self, connection, listener):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
            if listener.fileno() < 0:  # closed since, when this connection was not known yet
                self.hang_up()
            while (request := self._read(connection)):
                self.requests.append(request)
                if callable(self.answer):
                    self.answer(connection)
                else:
                    connection.sendall(self.answer)
                if self.closes:
                    break
        except OSError:
            pass
        connection.close()

    @staticmethod
    def _read(connection):
        text = b""
        while not text.endswith(b"\r\n\r\n"):
            more = connection.recv(4096)
            if not more:
                return None
            text += more
            if not text[:1].isalpha():
                break  # whatever it is, it is no request, and is answered like one
        return text.decode("latin-1")

    def hang_up(self):
        """Ends every connection that is open."""
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._open.clear()

    def close(self):
        """Nothing listens any more."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        except OSError:
            pass
        self._listener.close()
        self.hang_up()


def hang(_):
    time.sleep(30)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def slow_body(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    for _ in range(100):
        time.sleep(0.1)
        connection.sendall(b"x")


def endless_body(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


class RealServer(Process):
    """Python's own HTTP server, as a process that can be stopped and killed."""

    def __init__(self, folder):
        self.port = free_port()
        self.folder = folder

    def start(self):
        self.spawn([sys.executable, "-m", "http.server", self.port, "--bind", "127.0.0.1",
                    "--directory", self.folder],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def close(self):
        self.kill()
