# SPDX-License-Identifier: Apache-2.0
"""What kinds of hostile services there are: how one gets its port, and who has it afterwards."""

from collections import namedtuple

from lib.h2 import SocketServer
from speech import answers, honest

Kind = namedtuple("Kind", "hostile honest probe")


class Sockets:
    """What is open on behalf of a case that is no server."""

    def __init__(self, sockets):
        self.sockets = sockets

    def close(self):
        for sock in self.sockets:
            sock.close()


def honest_grpc(port, _folder):
    return SocketServer(answers(honest), port)


KINDS = {
    "grpc": Kind(lambda case, port, _: SocketServer(case.serve, port), honest_grpc, {}),
    "listener": Kind(lambda case, port, _: Sockets(case.serve(port)), honest_grpc, {}),
}
