# SPDX-License-Identifier: Apache-2.0
"""What kinds of hostile services there are: how one gets its port, and who has it afterwards."""

import functools
from collections import namedtuple

from lib.h2 import SocketServer
from lib.ports import listen
from secured import secured, speaks
from speech import answers, honest, on_socket

Kind = namedtuple("Kind", "hostile honest probe")


class Open:
    """What is open on behalf of a case that is no server."""

    def __init__(self, things):
        self.things = things

    def close(self):
        for thing in self.things:
            thing.close()


class Marked:
    """A file that a command looks for; its number is a port, which nobody else gets meanwhile."""

    def __init__(self, port, folder):
        self.held = listen(port)
        self.path = folder / f"honest-{port}"
        self.path.touch()

    def close(self):
        self.path.unlink()
        self.held.close()


def serve_http(sock):
    while sock.recv(65536):
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def socket_server(case, port, _folder):
    return SocketServer(case.serve, port)


def with_folder(case, port, folder):
    return SocketServer(functools.partial(_swap, case.serve, folder), port)


def _swap(serve, folder, sock):
    serve(sock, folder)


def honest_grpc(port, _folder):
    return SocketServer(answers(honest), port)


def honest_http(port, _folder):
    return SocketServer(on_socket(serve_http), port)


def honest_tls(port, folder):
    return SocketServer(functools.partial(_swap, secured(speaks), folder), port)


KINDS = {
    "grpc": Kind(socket_server, honest_grpc, {}),
    "listener": Kind(lambda case, port, _: Open(case.serve(port)), honest_grpc, {}),
    "http": Kind(socket_server, honest_http, {"type": "http"}),
    "tcp": Kind(socket_server, honest_grpc, {"type": "tcp"}),
    "exec": Kind(lambda *_: Open([]), Marked, {}),
    "tls": Kind(with_folder, honest_tls, {}),
    "openssl": Kind(lambda case, port, folder: case.serve(port, folder), honest_tls, {}),
}
