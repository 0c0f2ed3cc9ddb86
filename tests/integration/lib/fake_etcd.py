# SPDX-License-Identifier: Apache-2.0
"""An etcd of one's own, by hand: honest until it is told to lie, down to the frame.

It keeps keys and leases as etcd does, so far as registering and reading take it. A lie stands in
`lies` under the last word of a path ("LeaseGrant", "Txn", ...; "*": whatever is asked) and does
with the call what it likes: lie(call), in a thread of its own. What was asked is counted.
"""

import struct
import threading
import time
from collections import Counter

from lib import h2
from lib.h2 import DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, Connection, SocketServer, Stream
from lib.liar import LENGTH_DELIMITED, read_varint, varint

CONTINUATION = 9
MASK = (1 << 64) - 1
NOT_FOUND = 5
DELETE = 1
PIECE = 16384

h2.HUFFMAN.update({
    "A": (0x21, 6), "G": (0x62, 7), "K": (0x66, 7), "L": (0x67, 7), "R": (0x6D, 7),
    "T": (0x6F, 7), "V": (0x71, 7), "b": (0x23, 6), "d": (0x24, 6), "i": (0x6, 5),
    "k": (0x75, 7), "m": (0x29, 6), "n": (0x2A, 6), "o": (0x7, 5), "s": (0x8, 5), "u": (0x2D, 6),
    "x": (0x79, 7),
})  # fmt: skip
PATHS = [
    "/etcdserverpb.Lease/LeaseGrant", "/etcdserverpb.Lease/LeaseRevoke",
    "/etcdserverpb.Lease/LeaseKeepAlive", "/etcdserverpb.KV/Txn", "/etcdserverpb.KV/Range",
    "/etcdserverpb.Watch/Watch", "/etcdserverpb.Auth/Authenticate",
]  # fmt: skip
h2.PATHS.update({wire: path for path in PATHS for wire in (path.encode(), h2.huffman(path))})


def field(number, value):
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return varint(number << 3 | LENGTH_DELIMITED) + varint(len(value)) + value
    return varint(number << 3) + varint(value & MASK)


def pack(*pairs):
    """A message of (number, value); what is None is left out."""
    return b"".join(field(number, value) for number, value in pairs if value is not None)


def unpack(octets):
    """number -> list of values: whole numbers, or bytes."""
    found, at = {}, 0
    while at < len(octets):
        tag, at = read_varint(octets, at)
        value, at = read_varint(octets, at)
        if tag & 7 == LENGTH_DELIMITED:
            value, at = octets[at : at + value], at + value
        found.setdefault(tag >> 3, []).append(value)
    return found


def only(message, number, default=0):
    return message.get(number, [default])[-1]


def changed(message, **changes):
    """The same message with some fields replaced: changed(m, f2=7, f4=None)."""
    wanted = {int(name[1:]): value for name, value in changes.items()}
    kept = [(n, v) for n, values in unpack(message).items() for v in values if n not in wanted]
    return pack(*sorted([*kept, *wanted.items()], key=lambda pair: pair[0]))


def hpack_length(number):
    if number < 127:
        return bytes([number])
    return b"\x7f" + varint(number - 127)


def header(name, value):
    """A header as a literal that enters no table, of any length."""
    octets = [text if isinstance(text, bytes) else text.encode() for text in (name, value)]
    return b"\x00" + b"".join(hpack_length(len(text)) + text for text in octets)


HEAD = header(":status", "200") + header("content-type", "application/grpc")


class Call:
    """One message that was asked, and what can be done with it."""

    def __init__(self, etcd, stream, method, request):
        self.etcd, self.stream, self.method = etcd, stream, method
        self.octets, self.request = request, unpack(request)

    def raw(self, octets):
        self.stream.connection.send(octets)

    def frame(self, kind, flags=0, payload=b""):
        self.raw(h2.frame(kind, flags, self.stream.number, payload))

    def block(self, octets, end=False):
        """Headers, in as many frames as they need."""
        pieces = [octets[at : at + PIECE] for at in range(0, len(octets), PIECE)] or [b""]
        for i, piece in enumerate(pieces):
            flags = END_HEADERS if i + 1 == len(pieces) else 0
            flags |= END_STREAM if end and i == 0 else 0
            self.frame(CONTINUATION if i else HEADERS, flags, piece)

    def headers(self):
        with self.stream.beginning:  # another answer on the stream must not come before them
            if not self.stream.begun:
                self.stream.begun = True
                self.block(HEAD)

    def data(self, octets):
        """False once nobody reads it any more."""
        connection, at = self.stream.connection, 0
        while at < len(octets):
            size = connection.allowance(self.stream, min(len(octets) - at, PIECE))
            if not size:
                return False
            self.frame(DATA, 0, octets[at : at + size])
            at += size
        return not connection.closed and not self.stream.reset

    def say(self, message):
        """One message of the answer, and there may be more."""
        self.headers()
        return self.data(h2.message(message))

    def trailers(self, code=0, text=None):
        block = b"" if self.stream.begun else HEAD
        block += header("grpc-status", str(code))
        block += header("grpc-message", text) if text is not None else b""
        self.block(block, end=True)

    def honest(self):
        """What a good etcd would say; it does what it says."""
        with self.etcd.lock:
            return getattr(self.etcd, "do_" + self.method)(self.request)

    def answer(self, message):
        self.say(message)
        if self.method not in ("LeaseKeepAlive", "Watch"):
            self.trailers()

    def answer_honestly(self):
        if self.method == "Watch":
            self.etcd.watch(self)
            return
        message = self.honest()
        if message is None:
            self.trailers(NOT_FOUND, "etcdserver: requested lease not found")
        else:
            self.answer(message)


class Wire(Connection):
    """Hands on each message of a request as it comes."""

    def read_frames(self, source):
        reader = h2.HeaderReader()
        while len(head := source.read(9)) == 9:
            kind, flags = head[3], head[4]
            number = int.from_bytes(head[5:], "big")
            payload = source.read(int.from_bytes(head[:3], "big"))
            if kind == HEADERS:
                stream = Stream(self, number, *reader.path_and_scheme(payload))
                stream.asked, stream.begun, stream.beginning = b"", False, threading.Lock()
                self.streams[number] = stream
            elif kind == DATA:
                self.take(self.streams[number], payload)
            elif kind == h2.SETTINGS and not flags & h2.ACK:
                self.on_settings(payload)
            elif kind == h2.PING and not flags & h2.ACK:
                self.send(h2.frame(h2.PING, h2.ACK, 0, payload))
            elif kind in (h2.WINDOW_UPDATE, h2.RST_STREAM) and (not number or number in self.streams):
                self.on_flow(kind, number, payload)

    def take(self, stream, octets):
        stream.asked += octets
        while len(stream.asked) >= 5:
            end = 5 + int.from_bytes(stream.asked[1:5], "big")
            if len(stream.asked) < end:
                return
            request, stream.asked = stream.asked[5:end], stream.asked[end:]
            threading.Thread(target=self.handler, args=(stream, request), daemon=True).start()


class Kv:
    def __init__(self, key, value, lease, revision, before=None):
        self.key, self.value, self.lease, self.mod = key, value, lease, revision
        self.create = before.create if before else revision
        self.version = before.version + 1 if before else 1

    def pack(self, keys_only=False, **lies):
        own = {
            "key": self.key, "create": self.create, "mod": self.mod, "version": self.version,
            "value": b"" if keys_only else self.value, "lease": self.lease, **lies,
        }  # fmt: skip
        return pack(*enumerate(own.values(), 1))


class FakeEtcd(SocketServer):
    def __init__(self):
        self.lock = threading.RLock()
        self.lies, self.lied = {}, Counter()
        self.asked = []  # (time, method)
        self.puts = []  # (key, lease) of each, whatever was said to it
        self.tokens = []  # that came with a login
        self.store, self.leases, self.history = {}, {}, []
        self.watches = []
        self.cluster, self.member, self.term, self.revision = 0x1F, 0x2F, 3, 100
        self.last_lease = 7000
        super().__init__(self.serve)

    @property
    def endpoint(self):
        return f"127.0.0.1:{self.port}"

    def serve(self, sock):
        Wire(sock, self.on_message).serve()

    def on_message(self, stream, request):
        method = stream.path.rsplit("/", 1)[-1]
        with self.lock:
            self.asked.append((time.monotonic(), method))
            lie = self.lies.get(method) or self.lies.get("*")
            if lie:
                self.lied[method] += 1
        call = Call(self, stream, method, request)
        if method == "Txn":
            self.note_puts(call.request)
        if lie:
            lie(call)
        else:
            call.answer_honestly()

    def note_puts(self, request):
        for op in request.get(2, []):
            for put in unpack(op).get(2, []):
                put = unpack(put)
                self.puts.append((only(put, 1, b"").decode(), only(put, 3)))

    # ---- what a good etcd does --------------------------------------------------------------

    def header(self, **lies):
        own = {"cluster": self.cluster, "member": self.member, "revision": self.revision,
               "term": self.term, **lies}  # fmt: skip
        return pack(*enumerate(own.values(), 1))

    def expire(self):
        now = time.monotonic()
        for lease in [lease for lease, (_, end) in self.leases.items() if end < now]:
            self.drop(lease)

    def drop(self, lease):
        del self.leases[lease]
        for key in [key for key, kv in self.store.items() if kv.lease == lease]:
            self.delete(key)

    def put(self, key, value, lease=0):
        with self.lock:
            key, value = (t.encode() if isinstance(t, str) else t for t in (key, value))
            self.revision += 1
            self.store[key] = Kv(key, value, lease, self.revision, self.store.get(key))
            self.tell(pack((2, self.store[key].pack())))

    def delete(self, key):
        with self.lock:
            self.revision += 1
            del self.store[key]
            self.tell(pack((1, DELETE), (2, pack((1, key), (3, self.revision)))))

    def live(self):
        """key -> lease of what is listed now."""
        with self.lock:
            self.expire()
            return {key.decode(): kv.lease for key, kv in self.store.items()}

    def do_LeaseGrant(self, request):
        self.last_lease += 1
        ttl = only(request, 1)
        self.leases[self.last_lease] = ttl, time.monotonic() + ttl
        return pack((1, self.header()), (2, self.last_lease), (3, ttl))

    def do_LeaseRevoke(self, request):
        self.expire()
        if only(request, 1) not in self.leases:
            return None
        self.drop(only(request, 1))
        return pack((1, self.header()))

    def do_LeaseKeepAlive(self, request):
        self.expire()
        lease = only(request, 1)
        ttl, _ = self.leases.get(lease, (None, 0))
        if ttl:
            self.leases[lease] = ttl, time.monotonic() + ttl
        return pack((1, self.header()), (2, lease), (3, ttl))

    def do_Txn(self, request):
        self.expire()
        holds = True
        for compare in map(unpack, request.get(1, [])):
            kv = self.store.get(only(compare, 3))
            holds = holds and (kv.mod if kv else 0) == only(compare, 6)
        done = []
        for op in map(unpack, request.get(2 if holds else 3, [])):
            if 2 in op:
                put = unpack(op[2][0])
                if only(put, 3) not in self.leases:
                    return None
                self.put(only(put, 1), only(put, 2, b""), only(put, 3))
                done.append(pack((2, pack((1, self.header())))))
            else:
                done.append(pack((1, self.do_Range(unpack(op[1][0])))))
        return pack((1, self.header()), (2, int(holds)), *((3, each) for each in done))

    def do_Range(self, request):
        self.expire()
        first, end, limit = only(request, 1), only(request, 2, None), only(request, 3)
        found = [kv for key, kv in sorted(self.store.items())
                 if (first <= key < end if end else key == first)]  # fmt: skip
        shown = [kv for kv in found if kv.mod >= only(request, 10)][: limit or None]
        return pack(
            (1, self.header()),
            *((2, kv.pack(bool(only(request, 8)))) for kv in shown),
            (3, int(bool(limit) and len(shown) == limit < len(found))),
            (4, len(found)),
        )

    def do_Authenticate(self, request):
        return pack((1, self.header()), (2, "a-token.1"))

    def watch(self, call):
        wanted = unpack(only(call.request, 1, b""))
        with self.lock:
            self.watches.append(call)
            missed = [event for at, event in self.history if at >= only(wanted, 3)]
            call.say(pack((1, self.header()), (3, 1)))
            if missed:
                call.say(pack((1, self.header()), *((11, event) for event in missed)))

    def tell(self, event):
        self.history.append((self.revision, event))
        self.watches = [w for w in self.watches if w.say(pack((1, self.header()), (11, event)))]

    # ---- what tests ask ------------------------------------------------------------------------

    def end_connections(self):
        """All of them, so that no stream goes on from a lie into honesty."""
        for sock in self.connections:
            try:
                sock.shutdown(2)
            except OSError:
                pass

    def count(self, since=0.0):
        """How many calls there were, and within how many seconds."""
        times = [at for at, _ in list(self.asked) if at >= since]
        return len(times), time.monotonic() - since

    def goaway(self, call):
        call.raw(h2.frame(GOAWAY, 0, 0, struct.pack(">II", call.stream.number, 0)))
