# SPDX-License-Identifier: Apache-2.0
"""What the service notices of being probed: one connection, a goodbye, and nothing in its log."""

import os
import re
import socket
import subprocess

import pytest

from lib.descriptor import descriptor, key_of
from lib.h2 import CHECK, GOAWAY, PING, SERVING, WATCH, Connection, H2Server
from lib.lines import Lines
from lib.proxy import TcpProxy
from lib.servers import KINDS, Server

OFTEN = {"interval": "100ms", "timeout": "60s"}  # a machine that stands still loses no connection
COMPLAINT = re.compile(r"(?i)error|fail|reset|preface|bogus|too_many_pings|unexpected")
ITS_END = "loopyWriter.run returning"  # Go's words for any connection that ends, however well
TALKATIVE = {
    "GRPC_GO_LOG_SEVERITY_LEVEL": "info",
    "GRPC_GO_LOG_VERBOSITY_LEVEL": "99",
}


class TalkativeServer(Server):
    """grpc-go, which says most about its connections, made to say all of it; `log` has it."""

    def __init__(self):
        super().__init__("go")
        self.log = None

    def spawn(self, argv, **options):
        env = {**os.environ, **TALKATIVE}
        super().spawn(argv, stderr=subprocess.PIPE, env=env, **options)
        self.log = Lines(self.child.stderr, "the server's log")

    def close(self):
        self.kill()

    def complaints(self):
        """What it has complained about in its life, which ends here."""
        self.kill()
        self.log.join()
        return [l for l in self.log.lines if COMPLAINT.search(l) and ITS_END not in l]


class Tap:
    """Hands a connection's bytes on, and notes the type of each frame: head and payload in turn."""

    def __init__(self, source, kinds):
        self.source, self.kinds, self.head_is_next = source, kinds, True

    def read(self, length):
        octets = self.source.read(length)
        if self.head_is_next and len(octets) == 9:
            self.kinds.append(octets[3])
        self.head_is_next = not self.head_is_next
        return octets


class NotingServer(H2Server):
    """Serves, and keeps the types of all frames of each connection that was made to it."""

    def __init__(self):
        super().__init__(self.obey)
        self.frames = []
        self.on_connection = self.serve

    def serve(self, sock):
        kinds = []
        self.frames.append(kinds)
        connection = Connection(sock, self.on_request)
        read_frames = connection.read_frames
        connection.read_frames = lambda source: read_frames(Tap(source, kinds))
        connection.serve()
        with self.changed:
            kinds.append("end")
            self.changed.notify_all()

    @staticmethod
    def obey(stream):
        if stream.path == WATCH:
            stream.headers()
            stream.data(SERVING)
        else:
            stream.answer(SERVING)

    def wait_ends(self, timeout=60):
        with self.changed:
            ended = self.changed.wait_for(lambda: all("end" in k for k in self.frames), timeout)
            assert ended, f"still open: {self.frames}"


@pytest.mark.parametrize("kind", KINDS)
def test_all_probes_share_one_connection(kind, serve, agent, etcd, closing):
    server = serve(kind)
    counting = closing(TcpProxy(server.port))
    key, watch = key_of(server.port), etcd.watch()
    probe = {"target": counting.endpoint, **OFTEN}
    agent(descriptor(etcd, server.port, probe=probe))
    watch.put(key)
    etcd.outlast(2)  # some twenty probes
    watch.nothing_more(key)
    assert counting.accepted == 1


def test_the_service_has_nothing_to_complain_about(agent, etcd, closing):
    server = closing(TalkativeServer())
    server.start()
    key, watch = key_of(server.port), etcd.watch()
    sidecar = agent(descriptor(etcd, server.port, probe=OFTEN))
    watch.put(key)
    etcd.outlast(2)
    sidecar.stop()
    watch.gone(key)
    assert server.complaints() == []


def test_a_probe_that_only_connects_is_complained_about(closing):
    server = closing(TalkativeServer())
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)) as rude:
        rude.sendall(b"hello")
        rude.shutdown(socket.SHUT_WR)
        server.log.wait(COMPLAINT)
    assert server.complaints() != []


def test_it_never_pings_and_says_goodbye(agent, etcd, closing):
    server = closing(NotingServer())
    key, watch = key_of(server.port), etcd.watch()
    sidecar = agent(descriptor(etcd, server.port, probe=OFTEN))
    watch.put(key)
    server.wait_asked(CHECK, 20)
    sidecar.stop()
    server.wait_ends()
    [kinds] = server.frames
    assert PING not in kinds
    assert kinds[-2:] == [GOAWAY, "end"]


def test_a_service_that_boots_makes_no_noise(serve, sidecar, etcd):
    server = serve()
    server.kill()
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe=OFTEN)
    agent.wait_health("unknown -> down", reason="REFUSED")
    said = len(agent.log.lines)
    etcd.outlast(2)  # some twenty refusals
    assert agent.log.lines[said:] == []
    server.start()
    watch.put(key)
    agent.wait_health("down -> up")
