# SPDX-License-Identifier: Apache-2.0
"""How a hostile service speaks: the ways in which the tables of cases put what it says."""

import socket
import struct
import threading
import time

from lib.h2 import CHECK, PREFACE, SERVING, SETTINGS, WATCH, Connection, frame
from wire import BLOCK, over_and_over, whole_answer

A_SETTINGS = frame(SETTINGS, 0, 0)
DRIP = 0.4  # seconds between two octets of who is slow: as long as a probe waits


def silent(sock):
    """Reads to the end, and never says a word."""
    try:
        while sock.recv(BLOCK):
            pass
    except OSError:
        pass


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def on_socket(serve):
    """serve(sock) of a raw socket; its end, whatever it is, is no fault of ours."""

    def run(sock):
        try:
            serve(sock)
        except OSError:
            pass

    return run


def says(octets, close=False, after=1):
    """One thing, whatever it is asked, once `after` octets were heard."""

    def serve(sock):
        if after:
            sock.recv(65536)
        sock.sendall(octets)
        if close:
            sock.close()
        else:
            silent(sock)

    return on_socket(serve)


def says_for_ever(octets, first=A_SETTINGS, reads=False):
    """The same again and again, as fast as it is taken."""

    def serve(sock):
        if reads:
            threading.Thread(target=silent, args=(sock,), daemon=True).start()
        sock.sendall(first)
        flood = over_and_over(octets)
        while True:
            sock.sendall(flood)

    return on_socket(serve)


def drips(octets, first=b""):
    """One octet at a time, with a pause between."""

    def serve(sock):
        sock.sendall(first)
        for at in range(len(octets)):
            sock.sendall(octets[at : at + 1])
            time.sleep(DRIP)
        silent(sock)

    return on_socket(serve)


class Spoken(Connection):
    """An HTTP/2 connection whose greeting a case may choose, and whose end is no fault."""

    def __init__(self, sock, handler, greeting=A_SETTINGS, threads=True):
        super().__init__(sock, handler, threads)
        self.greeting = greeting
        self.flooding = False

    def serve(self):
        source = self.sock.makefile("rb")
        try:
            if source.read(len(PREFACE)) == PREFACE:
                self.send(self.greeting)
                self.read_frames(source)
        except (OSError, KeyError, IndexError, ValueError):
            pass
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        self.sock.close()


def honest(stream):
    """A Check and a Watch of a service that serves."""
    if stream.path == WATCH:
        stream.headers()
        stream.data(SERVING)
    else:
        stream.answer(SERVING)


def answers(handler, greeting=A_SETTINGS):
    """handler(stream) for each request of a connection that is sound otherwise."""
    return lambda sock: Spoken(sock, handler, greeting).serve()


def check_with(build):
    """build(number of the stream) -> the octets that answer a Check; its Watch is not there."""

    def handler(stream):
        if stream.path == CHECK:
            stream.raw(build(stream.number))
        else:
            stream.only_trailers(12)

    return answers(handler)


def trailers_with(fields):
    return check_with(lambda stream: whole_answer(stream, trailers=fields))


def watch_with(handler):
    """An honest Check beside a Watch that handler(stream) answers."""
    return answers(lambda stream: handler(stream) if stream.path == WATCH else honest(stream))


def beside(octets):
    """Honest answers, and between them the same octets, a megabyte a second of them."""
    block = octets * (20000 // len(octets))

    def flood(connection):
        while not connection.closed:
            connection.send(block)
            time.sleep(0.02)

    def handler(stream):
        honest(stream)
        if not stream.connection.flooding:
            stream.connection.flooding = True
            flood(stream.connection)

    return answers(handler)


def call_flood(build, count=None):
    """What build(stream) gives to a Check, again and again while it may be heard."""

    def handler(stream):
        if stream.path != CHECK:
            return
        piece = over_and_over(build(stream.number)) if count is None else build(stream.number)
        while not stream.reset and not stream.connection.closed:
            stream.raw(piece)

    return answers(handler)
