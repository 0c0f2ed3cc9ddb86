# SPDX-License-Identifier: Apache-2.0
"""Lies of an etcd about leases and keys, and what becomes of whoever hears them.

A lie is a function of the call. What is common to them (say another message, whole or broken) is
made here; the tables of cases are in the tests.
"""

import random
import struct
import time

from lib import h2
from lib.fake_etcd import HEAD, changed, header, pack, unpack

MEGABYTE = 1 << 20
GARBAGE = random.Random(7).randbytes(300)


def instead(make):
    """Another message in place of the honest one: make(honest message, call)."""

    def lie(call):
        honest = call.honest()
        call.answer(make(honest if honest is not None else b"", call))

    return lie


def with_fields(**changes):
    """The honest message with other fields."""
    return instead(lambda honest, _: changed(honest, **changes))


def with_header(**changes):
    """The honest message, with something else in its header: cluster, member, revision, term."""
    return instead(lambda honest, call: changed(honest, f1=call.etcd.header(**changes)))


def plain(message):
    return instead(lambda *_: message)


def ends(code, text=None):
    """Nothing but a status."""
    return lambda call: call.trailers(code, text)


def done_and(code, text=None):
    """What was asked is done, and nothing of it is said."""

    def lie(call):
        call.honest()
        call.trailers(code, text)

    return lie


def body(octets):
    """Framed by whoever made them, right or wrong; then the end."""

    def lie(call):
        call.headers()
        call.data(octets)
        call.trailers()

    return lie


def twice(call):
    message = call.honest()
    call.say(message)
    call.say(message)
    call.trailers()


def for_ever(message):
    """The same message again and again, as long as somebody reads it."""

    def lie(call):
        while call.say(message):
            pass

    return lie


def honest(call):
    call.answer_honestly()


def silent(_):
    pass


def a_byte_a_second(call):
    message = h2.frame(h2.HEADERS, h2.END_HEADERS, call.stream.number, HEAD)
    for octet in message * 10:
        if call.stream.connection.closed:
            return
        call.raw(bytes([octet]))
        time.sleep(1)


def reset(call):
    call.stream.rst(2)


def resets(call):
    """Of this stream and of a thousand that there are not."""
    for number in range(call.stream.number, call.stream.number + 2000, 2):
        call.raw(h2.frame(h2.RST_STREAM, 0, number, struct.pack(">I", 8)))


def goaway(call):
    call.answer_honestly()
    call.etcd.goaway(call)


def flood_of(octets):
    def lie(call):
        while not call.stream.connection.closed:
            call.raw(octets * 200)

    return lie


SETTING = struct.pack(">HI", 4, 65535)
SETTINGS_FLOOD = flood_of(h2.frame(h2.SETTINGS, 0, 0, SETTING))
PING_FLOOD = flood_of(h2.frame(h2.PING, 0, 0, b"12345678"))


def hpack_bomb(call):
    """One long header enters the table, and is then named ten thousand times."""
    entry = b"\x40" + header("bomb", "x" * 3900)[1:]
    call.block(HEAD + entry + b"\xbe" * 10000)


def endless_headers(call):
    """Header blocks before the answer, each complete, for ever."""
    block = header(":status", "103") + header("link", "x" * 1000)
    while not call.stream.connection.closed:
        call.block(block)


def endless_continuation(call):
    call.frame(h2.HEADERS, 0, HEAD)
    while not call.stream.connection.closed:
        call.frame(9, 0, header("a", "x" * 1000))


def garbage(call):
    call.raw(GARBAGE)


def half(call):
    call.headers()
    call.data(h2.message(call.honest() or b"")[:-3])
    call.trailers()


def long_message(call):
    """Longer than any limit, and it does come."""
    call.headers()
    call.data(struct.pack(">BI", 0, 64 * MEGABYTE))
    while call.data(bytes(MEGABYTE)):
        pass


def sub_messages(number, n):
    """A message with so many empty ones in it: two bytes each on the wire, and a hundred in memory."""
    return pack((number, b"")) * n


def other_key(kv, key):
    return pack((1, key), *((n, v) for n, values in unpack(kv).items() for v in values if n != 1))
