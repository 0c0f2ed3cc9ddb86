# SPDX-License-Identifier: Apache-2.0
"""Bytes of HTTP/2, HPACK and gRPC that no library would write."""

import struct

from lib.h2 import DATA, END_HEADERS, END_STREAM, HEADERS, SERVING, SETTINGS, frame

PRIORITY, PUSH_PROMISE, CONTINUATION = 2, 5, 9
PADDED = 0x8
BLOCK = 1 << 18  # what a flood sends at once


def number(value, prefix, first=0):
    """An integer of HPACK in `prefix` bits, behind the bits `first`."""
    limit = (1 << prefix) - 1
    if value < limit:
        return bytes([first | value])
    out, value = [first | limit], value - limit
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def octets(text):
    return text if isinstance(text, bytes) else text.encode()


def string(text):
    return number(len(octets(text)), 7) + octets(text)


def literal(name, value, keep=False):
    """A header of any length; with `keep` it enters the table."""
    return (b"\x40" if keep else b"\x00") + string(name) + string(value)


def block(*fields):
    return b"".join(literal(name, value) for name, value in fields)


ANSWER = block((":status", "200"), ("content-type", "application/grpc"))
TRAILERS = block(("grpc-status", "0"))


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def headers(stream, fields, flags=END_HEADERS):
    return frame(HEADERS, flags, stream, fields)


def long_headers(stream, fields, flags=0, piece=16384):
    """One header block, in as many frames as it takes."""
    pieces = [fields[at : at + piece] for at in range(0, len(fields), piece)]
    last = len(pieces) - 1
    return b"".join(
        frame(CONTINUATION if n else HEADERS,
              (END_HEADERS if n == last else 0) | (0 if n else flags), stream, part)
        for n, part in enumerate(pieces)
    )  # fmt: skip


def whole_answer(stream, trailers=TRAILERS, message=SERVING, first=ANSWER):
    out = headers(stream, first) + frame(DATA, 0, stream, message)
    return out + headers(stream, trailers, END_HEADERS | END_STREAM)


def bomb(size=4000, times=16000):
    """A header block of `times` bytes and a bit that unfolds into `size` times as many."""
    return ANSWER + literal("x", b"b" * size, keep=True) + b"\xbe" * times


def over_and_over(piece):
    """As much of it as fills a block."""
    return piece * max(1, BLOCK // len(piece))
