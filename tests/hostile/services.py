# SPDX-License-Identifier: Apache-2.0
"""Hostile services, each with what the agent has to make of it.

`serve(sock)` gets each connection. `outcome` is UP, or the reasons with which the service is down
from the start, as a pattern, or Later: those with which it goes down after it was listed. All that is
not grpc names its kind (kinds.py), which says what honest server takes the port afterwards, and has
keys of its own for the probe.
"""

import random
import socket
import struct
import threading
import time
from collections import namedtuple

from lib.h2 import (
    DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, SERVING, SETTINGS, WATCH,
    WINDOW_UPDATE, frame, message,
)  # fmt: skip
from lib.ports import listen
from speech import (
    A_SETTINGS, answers, beside, call_flood, check_with, drips, honest, reset, says, says_for_ever,
    silent, trailers_with, watch_with,
)  # fmt: skip
from wire import (
    ANSWER, CONTINUATION, PADDED, PRIORITY, PUSH_PROMISE, TRAILERS, block, bomb, headers, literal,
    long_headers, settings, whole_answer,
)  # fmt: skip

UP = None
Later = namedtuple("Later", "reasons")  # listed at first, then down
Case = namedtuple("Case", "serve outcome kind probe", defaults=("grpc", {}))

# Soft evidence all of them; which it is does not matter. Who breaks off is called anew until the time
# of the probe is over, and then may be late.
BROKEN = "NOT_GRPC|BAD_FRAME|RESET|DEADLINE"
CUT = "RESET|NOT_GRPC|DEADLINE"
HTTP1 = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 12\r\nConnection: close\r\n\r\nBad Request\n"
)
TLS_ALERT = bytes.fromhex("15030100020246")  # fatal, protocol version
GARBAGE = random.Random(1).randbytes(4096)
END = END_HEADERS | END_STREAM


def crowded(port):
    """Listens, and takes nobody: who comes waits behind those who came before."""
    listener = listen(port, backlog=0)
    first = [socket.socket() for _ in range(3)]
    for sock in first:
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", port))
    return [listener, *first]


# ---- what is no HTTP/2, or ends too early ---------------------------------------------------------

SOCKETS = {
    "silent": Case(silent, "DEADLINE"),
    "reads_nothing": Case(lambda sock: threading.Event().wait(), "DEADLINE"),
    "takes_nobody": Case(crowded, "DEADLINE", "listener"),
    "closes_at_once": Case(lambda sock: sock.close(), CUT),
    "resets_at_once": Case(reset, CUT),
    "http1_and_closes": Case(says(HTTP1, True), "NOT_GRPC"),
    "http1_and_stays": Case(says(HTTP1), "NOT_GRPC"),
    "http1_for_ever": Case(says_for_ever(b"X-Header: and so on\r\n", b"HTTP/1.1 200 OK\r\n"), "NOT_GRPC"),
    "tls_alert": Case(says(TLS_ALERT, True), "NOT_GRPC"),
    "garbage": Case(says(GARBAGE), BROKEN),
    "garbage_for_ever": Case(says_for_ever(GARBAGE, b""), BROKEN),
    "noughts_for_ever": Case(says_for_ever(bytes(4096), b""), BROKEN),
    "garbage_after_settings": Case(says(A_SETTINGS + GARBAGE), BROKEN),
    "greets_an_octet_at_a_time": Case(drips(A_SETTINGS + frame(SETTINGS, 1, 0)), "DEADLINE"),
    "closes_after_the_greeting": Case(says(A_SETTINGS, True), CUT),
    "closes_within_a_frame": Case(says(A_SETTINGS + b"\x00\x00\x10\x00", True), CUT),
    "a_frame_of_16_mb": Case(says(A_SETTINGS + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01"), BROKEN),
    "data_on_a_stream_nobody_opened": Case(says(A_SETTINGS + frame(DATA, 0, 77, SERVING)), BROKEN),
    "data_on_the_connection": Case(says(A_SETTINGS + frame(DATA, 0, 0, SERVING)), BROKEN),
    "broken_compression": Case(says(A_SETTINGS + frame(HEADERS, 4, 1, b"\xff" * 6)), BROKEN),
    "an_index_beyond_the_table": Case(says(A_SETTINGS + frame(HEADERS, 4, 1, b"\xff\x80\x08")), BROKEN),
    "a_table_of_4_gb": Case(
        says(A_SETTINGS + frame(HEADERS, 4, 1, b"\x3f\xe1\xff\xff\xff\x0f" + ANSWER)), BROKEN
    ),
    "settings_of_five_octets": Case(says(frame(SETTINGS, 0, 0, bytes(5))), BROKEN),
    "ping_of_seven_octets": Case(says(A_SETTINGS + frame(PING, 0, 0, bytes(7))), BROKEN),
    "reset_of_three_octets": Case(says(A_SETTINGS + frame(RST_STREAM, 0, 1, bytes(3))), BROKEN),
    "goaway_of_two_octets": Case(says(A_SETTINGS + frame(GOAWAY, 0, 0, bytes(2))), BROKEN),
    "padding_longer_than_the_frame": Case(
        says(A_SETTINGS + frame(DATA, PADDED, 1, b"\xff" + SERVING)), BROKEN
    ),
    "a_window_that_grows_by_nothing": Case(
        says(A_SETTINGS + frame(WINDOW_UPDATE, 0, 0, bytes(4))), BROKEN
    ),
    "a_window_that_overflows": Case(
        says(A_SETTINGS + frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff") * 2), BROKEN
    ),
    "a_continuation_of_nothing": Case(says(A_SETTINGS + frame(CONTINUATION, 4, 1, ANSWER)), BROKEN),
    "goaway_and_closes": Case(
        says(A_SETTINGS + frame(GOAWAY, 0, 0, bytes(8)), True), BROKEN + "|UNREACHABLE"
    ),
    "goaway_for_ever": Case(
        says_for_ever(frame(GOAWAY, 0, 0, bytes(8) + b"too many pings" * 100)), BROKEN
    ),
    "frames_of_16_kb_never_ended": Case(
        says_for_ever(GARBAGE, A_SETTINGS + b"\x00\x40\x01\x00\x00\x00\x00\x00\x01"), BROKEN
    ),
}

# ---- settings and windows -------------------------------------------------------------------------

TABLE, PUSH, STREAMS, WINDOW, FRAME, LIST = 1, 2, 3, 4, 5, 6
HUGE = 0xFFFFFFFF



def only_later(stream):
    if stream.number > 3:
        honest(stream)


SETTINGS_CASES = {
    "no_header_table": Case(answers(honest, settings((TABLE, 0))), UP),
    "a_header_table_of_4_gb": Case(answers(honest, settings((TABLE, HUGE))), UP),
    "no_room_for_headers": Case(answers(honest, settings((LIST, 0))), UP),
    "settings_that_nobody_knows": Case(answers(honest, settings((0x4242, HUGE))), UP),
    "frames_of_100_octets": Case(answers(honest, settings((FRAME, 100))), BROKEN),
    "frames_of_4_gb": Case(answers(honest, settings((FRAME, HUGE))), BROKEN),
    "a_window_of_2_gb": Case(answers(honest, settings((WINDOW, 1 << 31))), BROKEN),
    # The first requests go out before the server has said anything.
    "no_window": Case(answers(only_later, settings((WINDOW, 0))), "DEADLINE"),
    "no_streams": Case(answers(only_later, settings((STREAMS, 0))), "DEADLINE"),
    "no_more_window": Case(answers(honest, settings((WINDOW, 0))), Later("DEADLINE")),
    "no_more_streams": Case(answers(honest, settings((STREAMS, 0))), Later("DEADLINE")),
    "a_thousand_settings": Case(
        answers(honest, settings(*((STREAMS, 100 + n) for n in range(1000)))), BROKEN
    ),
    "settings_for_ever_unread": Case(says_for_ever(settings((STREAMS, 100))), BROKEN),
    "settings_for_ever": Case(
        says_for_ever(settings((STREAMS, 100)), reads=True), BROKEN
    ),
    "windows_that_open_and_close": Case(
        says_for_ever(settings((WINDOW, 0)) + settings((WINDOW, 65535)), reads=True),
        BROKEN,
    ),
}

# ---- floods beside honest answers, and in their place -----------------------------------------------

FLOODS = {
    "pings_for_ever_unread": Case(says_for_ever(frame(PING, 0, 0, bytes(8))), BROKEN),
    "pings_for_ever": Case(says_for_ever(frame(PING, 0, 0, bytes(8)), reads=True), "DEADLINE|RESET"),
    "pings_beside": Case(beside(frame(PING, 0, 0, bytes(8))), UP),
    "ping_answers_for_ever": Case(says_for_ever(frame(PING, 1, 0, bytes(8))), "DEADLINE|RESET"),
    "settings_beside": Case(beside(settings((STREAMS, 100))), UP),
    "priorities_beside": Case(beside(frame(PRIORITY, 0, 1, bytes(4) + b"\x10")), UP),
    "unknown_frames_beside": Case(beside(frame(0xEE, 0xFF, 0, bytes(100))), UP),
    "windows_of_one_beside": Case(beside(frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1")), UP),
    "unknown_frames_for_ever": Case(says_for_ever(frame(0xEE, 0, 1, b"")), "DEADLINE|RESET"),
    "priorities_for_ever": Case(
        says_for_ever(frame(PRIORITY, 0, 1, bytes(4) + b"\x10")), "DEADLINE|RESET"
    ),
    "empty_data_for_ever": Case(
        call_flood(lambda n: headers(n, ANSWER) + frame(DATA, 0, n) * 1000), "DEADLINE|RESET|BAD_FRAME"
    ),
    "padding_for_ever": Case(
        call_flood(lambda n: frame(DATA, PADDED, n, b"\xff" + bytes(255))), BROKEN
    ),
    "empty_headers_for_ever": Case(call_flood(lambda n: headers(n, b"")), BROKEN),
    "interim_answers_for_ever": Case(
        call_flood(lambda n: headers(n, block((":status", "100")))), "DEADLINE|RESET"
    ),
    "continuations_for_ever": Case(
        says_for_ever(frame(CONTINUATION, 0, 1), A_SETTINGS + frame(HEADERS, 0, 1, ANSWER)), BROKEN
    ),
    "headers_for_ever": Case(
        says_for_ever(frame(CONTINUATION, 0, 1, literal("x", "y" * 1000)),
                      A_SETTINGS + frame(HEADERS, 0, 1, ANSWER)), BROKEN,
    ),
    "messages_for_ever": Case(
        call_flood(lambda n: headers(n, ANSWER) + frame(DATA, 0, n, SERVING) * 1000),
        BROKEN,
    ),
    "resets_for_ever": Case(
        says_for_ever(frame(RST_STREAM, 0, 1, struct.pack(">I", 7)), reads=True), "RESET|DEADLINE"
    ),
    "bombs_for_ever": Case(
        says_for_ever(headers(1, bomb()), reads=True), BROKEN,
    ),
}

# ---- answers to Check -----------------------------------------------------------------------------


def half_and_silence(stream):
    stream.headers()
    stream.data(SERVING[:3])


def message_without_end(stream):
    stream.headers()
    stream.data(message(b"", length=0xFFFFFFFF))
    while not stream.reset and not stream.connection.closed:
        stream.data(GARBAGE * 16)


def never_ends(stream):
    stream.headers()
    stream.data(SERVING)


def an_octet_at_a_time(stream):
    for octet in whole_answer(stream.number):
        stream.raw(bytes([octet]))
        time.sleep(0.4)


def closes_before(what):
    """A right answer that ends with the connection before its headers, data or trailers."""

    def handler(stream):
        pieces = [headers(stream.number, ANSWER), frame(DATA, 0, stream.number, SERVING)]
        stream.raw(b"".join(pieces[:what]))
        stream.connection.sock.shutdown(socket.SHUT_RDWR)

    return answers(handler)


def announces(length, then_end=True):
    def build(number):
        out = headers(number, ANSWER) + frame(DATA, 0, number, message(b"\x08\x01", length=length))
        return out + (headers(number, TRAILERS, END) if then_end else b"")

    return check_with(build)


def body(octets):
    return check_with(lambda number: whole_answer(number, message=octets))


def no_status(stream):
    if stream.path == WATCH:
        stream.only_trailers(12)
        return
    stream.headers()
    stream.data(SERVING, end=True)


def web_page(stream):
    stream.headers(status="404", content_type="text/html")
    stream.data(b"<html>not found</html>", end=True)


def resets(error):
    return answers(lambda stream: stream.rst(error))


def goaway_after(stream):
    honest(stream)
    stream.raw(frame(GOAWAY, 0, 0, struct.pack(">II", stream.number, 0)))


def many(count, size):
    return block(*((f"x-{n}", "y" * size) for n in range(count)))


def first_headers(fields):
    """A right answer, with these headers more before it."""

    def build(number):
        out = long_headers(number, ANSWER + fields)
        return out + frame(DATA, 0, number, SERVING) + headers(number, TRAILERS, END)

    return check_with(build)


def failed(text, code=13):
    """The only header block of a call that fails, with a word about it."""
    return check_with(
        lambda number: long_headers(
            number, ANSWER + block(("grpc-status", str(code)), ("grpc-message", text)), END_STREAM
        )
    )


FORGED = "well%0a2026-01-01T00:00:00.000Z info  health down -> up service=forged reason=SERVING"

ANSWERS = {
    "half_a_frame_and_silence": Case(answers(half_and_silence), "DEADLINE"),
    "a_message_without_end": Case(answers(message_without_end), "BAD_FRAME"),
    "never_ends": Case(answers(never_ends), "DEADLINE"),
    "an_octet_at_a_time": Case(answers(an_octet_at_a_time), "DEADLINE"),
    "closes_before_the_headers": Case(closes_before(0), CUT),
    "closes_before_the_message": Case(closes_before(1), CUT),
    "closes_before_the_trailers": Case(closes_before(2), CUT),
    "half_a_message_and_the_end": Case(body(SERVING[:6]), "BAD_FRAME"),
    "a_length_of_100_mb": Case(announces(100 << 20), "BAD_FRAME"),
    "a_length_of_2_gb_and_silence": Case(announces(1 << 31, False), "BAD_FRAME"),
    "a_length_of_4_gb": Case(announces(0xFFFFFFFF), "BAD_FRAME"),
    "a_compressed_message": Case(body(message(b"\x08\x01", compressed=1)), "BAD_FRAME"),
    "an_unknown_flag": Case(body(message(b"\x08\x01", compressed=0x80)), "BAD_FRAME"),
    "an_unknown_encoding": Case(
        check_with(lambda n: whole_answer(
            n, message=message(b"\x08\x01", compressed=1),
            first=ANSWER + literal("grpc-encoding", "rot13"))), "BAD_FRAME",
    ),
    "no_protobuf": Case(body(message(b"\xff\xff\xff")), "BAD_FRAME"),
    "no_message": Case(body(b""), "BAD_FRAME"),
    "a_message_of_64_kb": Case(body(message(b"\x12" + b"\x80\x80\x04" + bytes(65536))), BROKEN),
    "no_grpc_status": Case(answers(no_status), "BAD_FRAME"),
    "a_status_that_is_no_number": Case(trailers_with(block(("grpc-status", "fine"))), "BAD_FRAME"),
    "a_status_below_nought": Case(trailers_with(block(("grpc-status", "-1"))), "BAD_FRAME"),
    "a_status_that_nobody_knows": Case(trailers_with(block(("grpc-status", "99"))), "GRPC_ERROR"),
    "two_statuses": Case(trailers_with(block(("grpc-status", "0"), ("grpc-status", "13"))), "BAD_FRAME"),
    "two_statuses_the_better_last": Case(
        trailers_with(block(("grpc-status", "13"), ("grpc-status", "0"))), "BAD_FRAME"
    ),
    "trailers_alone": Case(answers(lambda stream: stream.only_trailers(0)), "BAD_FRAME"),
    "a_promise": Case(
        check_with(lambda n: frame(PUSH_PROMISE, 4, n, b"\x00\x00\x00\x02" + ANSWER)), BROKEN
    ),
    "trailers_without_headers": Case(
        check_with(lambda n: headers(n, TRAILERS, END)), BROKEN
    ),
    "data_without_headers": Case(
        check_with(lambda n: frame(DATA, 0, n, SERVING) + headers(n, TRAILERS, END)), BROKEN
    ),
    "data_after_the_end": Case(check_with(lambda n: whole_answer(n) + frame(DATA, 0, n, SERVING)), UP),
    "two_http_statuses": Case(
        check_with(lambda n: whole_answer(n, first=literal(":status", "200") + ANSWER)), BROKEN
    ),
    "a_status_of_http_that_is_none": Case(
        check_with(lambda n: whole_answer(n, first=block(
            (":status", "2x0"), ("content-type", "application/grpc")))), BROKEN,
    ),
    "status_unknown": Case(body(message(b"")), "STATUS_UNKNOWN"),
    "a_status_of_the_future": Case(body(message(b"\x08\xff\xff\xff\xff\x07")), "STATUS_UNKNOWN"),
    "web_page": Case(answers(web_page), "NOT_GRPC|BAD_FRAME"),
    "internal_error": Case(answers(lambda stream: stream.only_trailers(13)), "GRPC_ERROR"),
    "resets_each_stream": Case(resets(2), "RESET"),
    "refuses_each_stream": Case(resets(7), "RESET"),
    "resets_with_an_unknown_error": Case(resets(0xFFFFFFFF), "RESET"),
    "goaway_after_each_answer": Case(answers(goaway_after), UP),
    "three_hundred_headers": Case(first_headers(many(300, 20)), UP),
    "a_hundred_thousand_headers": Case(first_headers(many(100000, 1)), BROKEN),
    "a_header_of_1_mb": Case(first_headers(block(("x", "y" * (1 << 20)))), BROKEN),
    "a_bomb_before_an_answer": Case(
        check_with(lambda n: long_headers(n, bomb()) + frame(DATA, 0, n, SERVING) + headers(n, TRAILERS, END)),
        BROKEN,
    ),
    "a_bomb": Case(check_with(lambda n: headers(n, bomb())), BROKEN),
    "more_data_than_the_window": Case(
        check_with(lambda n: headers(n, ANSWER) + frame(DATA, 0, n, b"x" * 16384) * 100), BROKEN
    ),
    "a_word_of_1_mb": Case(failed("y" * (1 << 20)), BROKEN),
    "a_word_of_30_kb": Case(failed("y" * 30000), "GRPC_ERROR"),
    "a_word_that_forges_a_line": Case(failed(FORGED), "GRPC_ERROR"),
    "a_word_that_paints": Case(
        failed("%1b[2J%1b]0;owned%07%9b31m%c2%9b1m%e2%80%ae"), "GRPC_ERROR"
    ),
    "a_word_of_raw_octets": Case(failed(b"\xff\xfe\x80 broken \xc3("), "GRPC_ERROR|RESET"),
    "a_word_that_ends_in_a_letter": Case(failed("é" * 150), "GRPC_ERROR"),
}

# ---- answers to Watch, beside an honest Check ---------------------------------------------------------


def serving_for_ever(stream):
    stream.headers()
    piece = b"".join(frame(DATA, 0, stream.number, SERVING) for _ in range(20))
    while not stream.reset and not stream.connection.closed:
        allowed = stream.connection.allowance(stream, len(SERVING) * 20)
        stream.raw(piece[: allowed // len(SERVING) * (9 + len(SERVING))])


def watch_body(octets):
    def handler(stream):
        stream.headers()
        stream.raw(frame(DATA, 0, stream.number, octets))

    return watch_with(handler)


WATCHES = {
    "watch_silent": Case(watch_with(lambda stream: None), UP),
    "watch_reset": Case(watch_with(lambda stream: stream.rst(2)), UP),
    "watch_ends_at_once": Case(watch_with(lambda stream: stream.only_trailers(0)), UP),
    "watch_with_an_error": Case(watch_with(lambda stream: stream.only_trailers(13)), UP),
    "watch_of_garbage": Case(watch_body(GARBAGE), UP),
    "watch_of_4_gb": Case(watch_body(message(b"", length=0xFFFFFFFF)), UP),
    "watch_of_a_bomb": Case(
        watch_with(lambda stream: stream.raw(headers(stream.number, bomb()))), UP
    ),
    "watch_serving_for_ever": Case(watch_with(serving_for_ever), UP),
}

CASES = {**SOCKETS, **SETTINGS_CASES, **FLOODS, **ANSWERS, **WATCHES}
