# SPDX-License-Identifier: Apache-2.0
"""Ports that answer with nonsense, or not at all.

Each test runs one agent with two services: a good one, which must be listed all along, and the
hostile one, which must be judged, never be listed, and be listed once an honest server has its
port. That the agent did not crash, leak or read out of bounds is checked at the end of each.
"""

import random
import threading

import pytest

from lib.descriptor import descriptor, key_of
from lib.h2 import (
    CHECK,
    DATA,
    GOAWAY,
    HEADERS,
    NOT_SERVING,
    SERVING,
    SETTINGS,
    WATCH,
    H2Server,
    SocketServer,
    frame,
    message,
)

QUICK = {"interval": "200ms", "timeout": "400ms", "failure_threshold": 2}


def silent(sock):
    """Accepts, reads, and never says a word."""
    try:
        while sock.recv(65536):
            pass
    except OSError:
        pass


def says(octets, then_close):
    """A socket that says one thing, whatever it is asked."""

    def serve(sock):
        try:
            sock.recv(65536)
            sock.sendall(octets)
        except OSError:
            pass
        if then_close:
            sock.close()
        else:
            silent(sock)

    return serve


HTTP1 = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 12\r\nConnection: close\r\n\r\nBad Request\n"
)
TLS_ALERT = bytes.fromhex("15030100020246")  # fatal, protocol version
GARBAGE = random.Random(1).randbytes(4096)
BROKEN_HTTP2 = "NOT_GRPC|BAD_FRAME|RESET"  # all of them soft evidence
A_SETTINGS = frame(SETTINGS, 0, 0)

SOCKETS = {
    "silent": (silent, "DEADLINE"),
    "closes_at_once": (lambda sock: sock.close(), "RESET|NOT_GRPC"),
    "http1_and_closes": (says(HTTP1, True), "NOT_GRPC"),
    "http1_and_stays": (says(HTTP1, False), "NOT_GRPC"),
    "tls": (says(TLS_ALERT, True), "NOT_GRPC"),
    "garbage": (says(GARBAGE, False), BROKEN_HTTP2),
    "garbage_after_settings": (says(A_SETTINGS + GARBAGE, False), BROKEN_HTTP2),
    "huge_http2_frame": (
        says(A_SETTINGS + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01", False),
        BROKEN_HTTP2,
    ),
    "data_on_a_stream_nobody_opened": (
        says(A_SETTINGS + frame(DATA, 0, 77, SERVING), False),
        BROKEN_HTTP2,
    ),
    "broken_header_compression": (
        says(A_SETTINGS + frame(HEADERS, 0x4, 1, b"\xff\xff\xff\xff\xff\xff"), False),
        BROKEN_HTTP2,
    ),
    "goaway_for_ever": (
        says(A_SETTINGS + frame(GOAWAY, 0, 0, bytes(8)), True),
        "RESET|GRPC_ERROR|UNREACHABLE",
    ),
}


def half_and_silence(stream):
    stream.headers()
    stream.data(SERVING[:3])


def long_and_silence(stream):
    stream.headers()
    stream.data(message(b"\x08\x01", length=100 << 20))


def half_and_end(stream):
    stream.headers()
    stream.data(SERVING[:6])
    stream.trailers()


def body(octets):
    def answer(stream):
        stream.headers()
        stream.data(octets)
        stream.trailers()

    return answer


def no_status(stream):
    if stream.path == WATCH:
        stream.only_trailers(12)
        return
    stream.headers()
    stream.data(SERVING, end=True)


def web_page(stream):
    stream.headers(status="404", content_type="text/html")
    stream.data(b"<html>not found</html>", end=True)


ANSWERS = {
    "half_a_frame_and_silence": (half_and_silence, "DEADLINE"),
    "half_a_frame_and_the_end": (half_and_end, "BAD_FRAME"),
    "a_length_of_100_mb": (body(message(b"\x08\x01", length=100 << 20)), "BAD_FRAME"),
    "a_length_of_100_mb_and_silence": (long_and_silence, "BAD_FRAME"),
    "compressed_flag": (body(message(b"\x08\x01", compressed=1)), "BAD_FRAME"),
    "a_message_that_is_no_protobuf": (body(message(b"\xff\xff\xff")), "BAD_FRAME"),
    "no_message": (body(b""), "BAD_FRAME"),
    "no_grpc_status": (no_status, "BAD_FRAME"),
    "status_unknown": (body(message(b"")), "STATUS_UNKNOWN"),
    "web_page": (web_page, "NOT_GRPC|BAD_FRAME"),
    "internal_error": (lambda stream: stream.only_trailers(13), "GRPC_ERROR"),
}


@pytest.fixture
def judged(serve, agent, etcd):
    """Runs the two services and walks the hostile one through its whole story."""

    def judge(hostile, reasons):
        good = serve("go")
        good_key, bad_key = key_of(good.port, "good"), key_of(hostile.port, "hostile")
        watch = etcd.watch()
        sidecar = agent(
            descriptor(etcd, good.port, "good", probe=QUICK),
            descriptor(etcd, hostile.port, "hostile", probe=QUICK),
        )
        watch.put(good_key)
        sidecar.wait_health("unknown -> down", "hostile", f"({reasons})")
        watch.nothing_more(bad_key)
        hostile.close()
        serve("go", listen=f"127.0.0.1:{hostile.port}")
        watch.put(bad_key)
        watch.nothing_more(good_key)
        assert sidecar.running

    return judge


@pytest.mark.parametrize("what", SOCKETS)
def test_port_that_speaks_something_else(what, judged, closing):
    on_connection, reasons = SOCKETS[what]
    judged(closing(SocketServer(on_connection)), reasons)


@pytest.mark.parametrize("what", ANSWERS)
def test_answer_that_is_wrong(what, judged, closing):
    answer, reasons = ANSWERS[what]
    judged(closing(H2Server(answer)), reasons)


class Flipping:
    """Watch bursts that a test sets off; Check says what the last burst ended with."""

    def __init__(self):
        self.now = SERVING
        self.watches = []
        self.opened = threading.Condition()

    def __call__(self, stream):
        if stream.path == CHECK:
            stream.answer(self.now)
            return
        assert stream.path == WATCH
        stream.headers()
        stream.data(self.now)
        with self.opened:
            self.watches.append(stream)
            self.opened.notify_all()

    def burst(self, *statuses, times):
        with self.opened:
            assert self.opened.wait_for(lambda: self.watches, 10), "no Watch was opened"
        self.now = statuses[-1]
        self.watches[-1].data(b"".join(statuses) * times)


def test_burst_of_ten_thousand_statuses_the_last_wins(serve, agent, etcd, closing):
    flipping = Flipping()
    hostile, good = closing(H2Server(flipping)), serve("go")
    watch = etcd.watch()
    probe = {"interval": "30s"}
    agent(
        descriptor(etcd, good.port, "good", probe=probe),
        descriptor(etcd, hostile.port, "hostile", probe=probe),
    )
    good_key, key = key_of(good.port, "good"), key_of(hostile.port, "hostile")
    watch.put(good_key)
    watch.put(key)
    flipping.burst(SERVING, NOT_SERVING, times=5000)
    watch.wait_for(lambda _: watch.kinds(key)[-1] == "delete", what="the end of the burst")
    good.status("NOT_SERVING")  # the loop turns: the other service is served at once
    watch.gone(good_key)
    # Whatever the agent did on the way, it has to come to rest where the last status says.
    etcd.outlast(2)
    assert watch.kinds(key)[-1] == "delete"
    assert key not in etcd.get()
    flipping.burst(NOT_SERVING, SERVING, times=5000)
    watch.wait_for(lambda _: watch.kinds(key)[-1] == "put", what="the end of the burst")
    good.status("SERVING")
    watch.put(good_key)
    etcd.outlast(2)
    assert watch.kinds(key)[-1] == "put"
    assert key in etcd.get()
    assert len(etcd.leases()) == 2
