# SPDX-License-Identifier: Apache-2.0
"""Clients of admin.listen that mean harm, or know no better.

One agent answers all of them in turn. What is no request gets an error or the end of its
connection; nothing but a POST from this machine, of no web page, drains anything; and while
hundreds of connections do nothing, or come and go by the thousand, an honest GET /healthz is
answered and the registration is as it was. To look (GET) is allowed by any name: Prometheus and
the kubelet come by names of their own, and a page of a web site that a browser shows cannot read
the answer unless its name leads here (DNS rebinding), where it finds names and places of services
and no secret.
"""

import contextlib
import http.client
import os
import re
import resource
import socket
import struct
import time

import pytest

from pulse import Pulse, waited
from lib.descriptor import descriptor, key_of
from lib.fake_etcd import FakeEtcd
from lib.metrics import Metrics
from lib.outputs import until
from lib.ports import free_port

HERE = b"Host: localhost\r\n"
DRAIN = b"POST /drain HTTP/1.1\r\n"
LONG = b"x" * 100_000
MANY, STORM = 300, 10_000
# Seconds of the agent's for an honest answer while the doors are crowded: 128 wait at the door, and of the
# 16 inside each that says nothing may stay a tenth of one.
BOUND = 2.0


def post(*headers, path=b"/drain", body=b""):
    return b"POST %s HTTP/1.1\r\n%s\r\n%s" % (path, b"".join(h + b"\r\n" for h in headers), body)


# name -> (what is sent, the statuses that may come; 0: nothing but the end of the connection).
SAID = {
    "unknown_method": (b"BREW /drain HTTP/1.1\r\n" + HERE + b"\r\n", {405, 501, 0}),
    "delete": (b"DELETE /drain HTTP/1.1\r\n" + HERE + b"\r\n", {405}),
    "method_in_small_letters": (b"post /drain HTTP/1.1\r\n" + HERE + b"\r\n", {405, 400, 0}),
    "connect": (b"CONNECT localhost:80 HTTP/1.1\r\n" + HERE + b"\r\n", {404, 405, 400, 0}),
    "no_http": (b"hello\r\n\r\n", {400, 404, 405, 505, 0}),
    "http_9": (b"GET /healthz HTTP/9.9\r\n" + HERE + b"\r\n", {400, 505, 0}),
    "http_2_preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 404, 405, 505, 0}),
    "tls_hello": (bytes.fromhex("1603010200010001fc0303") + bytes(500), {400, 0}),
    "nuls": (bytes(2000), {400, 0}),
    "nul_in_the_path": (b"GET /healthz\0x HTTP/1.1\r\n" + HERE + b"\r\n", {200, 400, 404, 0}),
    "path_with_percent_nul": (b"POST /drain%00x HTTP/1.1\r\n" + HERE + b"\r\n", {400, 404, 0}),
    "no_host": (b"GET /healthz HTTP/1.1\r\n\r\n", {200, 400}),
    "long_path": (b"GET /" + LONG + b" HTTP/1.1\r\n" + HERE + b"\r\n", {404, 414, 431, 0}),
    "long_header": (b"GET / HTTP/1.1\r\na: " + LONG + b"\r\n\r\n", {400, 431, 0}),
    "many_headers": (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20000 + b"\r\n", {400, 431, 0}),
    "long_body": (post(HERE[:-2], b"Content-Length: 100000", body=LONG), {413}),
    "body_of_2_64": (post(HERE[:-2], b"Content-Length: 18446744073709551617"), {400, 413, 0}),
    "body_below_0": (post(HERE[:-2], b"Content-Length: -1"), {400, 413, 0}),
    "body_nobody_reads": (post(HERE[:-2], b"Content-Length: 4", body=b"{}{}"), {400}),
    "chunks": (post(HERE[:-2], b"Transfer-Encoding: chunked", body=b"ffffff\r\n" + LONG), {413}),
    "length_and_chunks": (
        post(HERE[:-2], b"Content-Length: 4", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), {400, 413},
    ),
    "two_lengths": (post(HERE[:-2], b"Content-Length: 4", b"Content-Length: 0", body=b"{}{}"), {400, 413, 0}),
    "origin": (post(HERE[:-2], b"Origin: http://evil.example"), {403}),
    "origin_null": (post(HERE[:-2], b"Origin: null"), {403}),
    "origin_of_here": (post(HERE[:-2], b"Origin: http://localhost"), {403}),
    "sec_fetch": (post(HERE[:-2], b"Sec-Fetch-Site: cross-site"), {403}),
    "sec_fetch_of_a_form": (post(HERE[:-2], b"sec-fetch-site: same-site", b"Sec-Fetch-Mode: navigate"), {403}),
    "rebound_name": (post(b"Host: evil.example"), {403}),
    "rebound_name_with_port": (post(b"Host: evil.example:9464"), {403}),
    "rebound_like_localhost": (post(b"Host: localhost.evil.example"), {403}),
    "whole_url": (b"POST http://evil.example/drain HTTP/1.1\r\nHost: evil.example\r\n\r\n", {400, 403, 404, 0}),
    "query_of_drain": (post(HERE[:-2], path=b"/drain?service=absent"), {404}),
    "query_of_nonsense": (post(HERE[:-2], path=b"/drain?%ff=%fe&=&&"), {400}),
    "drain_of_a_second_request": (
        b"GET /healthz HTTP/1.1\r\n" + HERE + b"\r\n" + DRAIN + HERE + b"\r\n", {200},
    ),
    "drain_in_a_body": (
        b"GET /healthz HTTP/1.1\r\n" + HERE + b"Content-Length: 41\r\n\r\n" + DRAIN + HERE + b"\r\n", {200, 400},
    ),
    "drain_behind_a_fold": (b"GET /healthz HTTP/1.1\r\n" + HERE + b"a: b\r\n " + DRAIN + b"\r\n", {200, 400, 0}),
    "get_that_drains": (b"GET /drain HTTP/1.1\r\n" + HERE + b"\r\n", {405}),
    "path_up": (b"POST /x/../drain HTTP/1.1\r\n" + HERE + b"\r\n", {404}),
}  # fmt: skip


class Hostile:
    """Connections to one port, and their end."""

    def __init__(self, port):
        self.port, self.open = port, []

    def connect(self, said=b""):
        client = socket.socket()
        client.settimeout(60)
        client.connect(("127.0.0.1", self.port))
        self.open.append(client)
        if said:
            client.sendall(said)
        return client

    def try_to_connect(self, said=b""):
        client = socket.socket()
        client.setblocking(False)
        with contextlib.suppress(OSError):
            client.connect(("127.0.0.1", self.port))
        self.open.append(client)
        with contextlib.suppress(OSError):
            client.send(said)

    def hear(self, said):
        """The statuses of all answers that come until the connection ends.

        libmicrohttpd 0.9.75 sends the head of some of its own refusals twice.
        """
        client = self.connect()
        text = b""
        with contextlib.suppress(OSError):
            client.sendall(said)
            client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            while piece := client.recv(65536):
                text += piece
        client.close()
        return [int(n) for n in re.findall(rb"HTTP/1\.[01] (\d+) [A-Z]", text)] or [0]

    def close(self):
        for client in self.open:
            client.close()
        self.open.clear()


class Stage:
    def __init__(self, port, server, etcd):
        self.port, self.etcd = port, etcd
        self.key = key_of(server.port)
        self.admin = Metrics(port)
        self.text = descriptor(
            f"[{etcd.endpoint}]", server.port, register={"ttl": "30s"},
            admin={"listen": f"127.0.0.1:{port}"},
        )  # fmt: skip

    def answers(self):
        """Whether an honest client is answered; one that is too slow for a crowd has to come again."""
        with contextlib.suppress(OSError):
            return self.admin.ask("GET", "/healthz")[0] == 200

    def queued(self):
        """Of the agent and of ours: whichever thread of ours waits, the others may have to wait for it."""
        ours = (f"self/task/{thread}" for thread in os.listdir("/proc/self/task"))
        total = waited(self.agent.child.pid)
        for path in ours:
            with contextlib.suppress(OSError):  # it has just ended
                total += waited(path)
        return total


class Newcomers(Pulse):
    """Honest clients one after the other, each with a connection of its own, from now on to check().

    Where the queue at the door is full, the kernel drops what comes, and it is sent again after 1, 2, 4
    seconds: such a client is answered in the end, and how soon is no matter of the agent's. One that is
    not let in goes, and comes anew: it would be sent again with all of the crowd, each time.
    """

    def __init__(self, stage):
        self.stage = stage
        super().__init__(stage.agent.child.pid, stage.port)

    def run(self):
        while not self.over.is_set():
            with contextlib.suppress(OSError):  # it asked too late for a crowded house; it comes again
                self.visit()

    def visit(self):
        visitor = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        with contextlib.closing(visitor):
            queued, start = self.stage.queued(), time.monotonic()
            visitor.connect()
            connection = visitor.sock  # which it forgets when the agent says that it will close
            connection.settimeout(30)
            try:
                visitor.request("GET", "/healthz")
                answer = visitor.getresponse()
            except TimeoutError as error:
                if not sent_again(connection):
                    self.failures.append(repr(error))
                return
            took = time.monotonic() - start
            if answer.status != 200:
                self.failures.append(f"status {answer.status}")
            self.note(start, took, self.stage.queued() - queued if not sent_again(connection) else took)


def sent_again(connection):
    """Packets: tcpi_total_retrans of struct tcp_info."""
    return struct.unpack_from("I", connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 100)[0]


@pytest.fixture
def stage(agent, serve, closing):
    made = Stage(free_port(), serve("go"), closing(FakeEtcd()))
    made.agent = agent(made.text)
    until(lambda: made.key in made.etcd.live(), 30)
    lease = made.etcd.live()
    made.hostile = closing(Hostile(made.port))
    yield made
    made.hostile.close()
    until(made.answers)
    assert made.etcd.live() == lease, "it was withdrawn, or had to come back"
    assert made.agent.log.count("draining") == 0


def test_what_is_said(stage):
    wrong = []
    for name, (said, allowed) in SAID.items():
        statuses = stage.hostile.hear(said)
        if len({*statuses}) > 1 or not {*statuses} <= allowed:
            wrong.append(f"{name}: {statuses}, not {allowed}")
    assert not wrong, "\n".join(wrong)


def half(stage):
    """Hundreds that begin a request, and come back when they are ended."""
    for n in range(MANY):
        stage.hostile.try_to_connect(b"GET /status HTTP/1.1\r\nHost: loc" if n % 2 else b"")


def drip(stage):
    """A byte at a time, each as if it were the beginning."""
    for _ in range(60):
        stage.hostile.try_to_connect(b"G")
    for _ in range(10):
        for client in stage.hostile.open:
            with contextlib.suppress(OSError):
                client.send(b"x")
        time.sleep(0.05)


def storm(stage):
    """Connected and reset, thousands of times."""
    for _ in range(STORM // 10):
        stage.hostile.try_to_connect(b"GET /healthz HTTP/1.1\r\n")
        client = stage.hostile.open.pop()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()


def ten_thousand(stage):
    """As many as we may have open at once, up to ten thousand."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for _ in range(min(STORM, hard - 500)):
        stage.hostile.try_to_connect(b"GET /metr")


def never_reads(stage):
    for _ in range(MANY):
        stage.hostile.try_to_connect(b"GET /metrics HTTP/1.1\r\n" + HERE + b"\r\n")


def endless_chunks(stage):
    for _ in range(50):
        stage.hostile.try_to_connect(
            b"POST /drain HTTP/1.1\r\n" + HERE + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 5000
        )


CROWDS = [half, drip, storm, ten_thousand, never_reads, endless_chunks]


@pytest.mark.parametrize("crowd", CROWDS, ids=lambda crowd: crowd.__name__)
def test_crowds(crowd, stage):
    newcomers = Newcomers(stage)
    until(lambda: len(newcomers.beats) > 3)
    crowd(stage)
    start, before = time.monotonic(), len(newcomers.beats)
    until(lambda: len(newcomers.beats) > before + 3, 60)
    seconds = time.monotonic() - start
    worst = newcomers.check(BOUND)
    print(f"{crowd.__name__}: answered within {worst.own:.3f} s of the agent, 4 answers in {seconds:.3f} s")
