# SPDX-License-Identifier: Apache-2.0
"""A small HTTP/2 server with hand-made frames, for answers that no library would give.

It reads requests as a well-behaved server does (settings, flow control, PING) and leaves every
answer to the test: handler(stream) runs in a thread for each request, and `stream` has the
methods to say anything, whole or broken.
"""

import socket
import struct
import threading

from lib.patience import patient
from lib.ports import free_port, listen

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"

# RFC 7541, Appendix B, as far as the two paths need it: letter -> (code, bits).
HUFFMAN = {
    "/": (0x18, 6), ".": (0x17, 6), "1": (0x1, 5), "a": (0x3, 5), "c": (0x4, 5), "e": (0x5, 5),
    "g": (0x26, 6), "h": (0x27, 6), "l": (0x28, 6), "p": (0x2B, 6), "r": (0x2C, 6),
    "t": (0x9, 5), "v": (0x77, 7), "k": (0x75, 7), "C": (0x5E, 7), "H": (0x63, 7),
    "W": (0x72, 7),
}  # fmt: skip


def huffman(text):
    value, bits = 0, 0
    for letter in text:
        code, length = HUFFMAN[letter]
        value, bits = value << length | code, bits + length
    pad = -bits % 8
    return (value << pad | (1 << pad) - 1).to_bytes((bits + pad) // 8, "big")


# Strings are compared as they stand on the wire, coded or not: nothing needs to be decoded.
PATHS = {wire: path for path in (CHECK, WATCH) for wire in (path.encode(), huffman(path))}
STATIC = {
    4: (b":path", b""), 5: (b":path", b""), 6: (b":scheme", b"http"), 7: (b":scheme", b"https"),
}  # fmt: skip
STATIC_ENTRIES = 61


class HeaderReader:
    """Enough of HPACK for :path and :scheme. A connection's dynamic table never fills in our tests."""

    def __init__(self):
        self.table = []

    def entry(self, index):
        if index <= STATIC_ENTRIES:
            return STATIC.get(index, (b"", b""))
        return self.table[index - STATIC_ENTRIES - 1]

    def path_and_scheme(self, block):
        found = {}
        while block:
            first = block[0]
            if first & 0x80:
                index, block = integer(block, 7)
                name, value = self.entry(index)
            elif first & 0xE0 == 0x20:
                _, block = integer(block, 5)
                continue
            else:
                keep = bool(first & 0x40)
                name, value, block = self.literal(block, 6 if keep else 4)
                if keep:
                    self.table.insert(0, (name, value))
            found[name] = value
        path = found.get(b":path")
        return PATHS.get(path, repr(path)), found.get(b":scheme", b"").decode()

    def literal(self, block, prefix):
        index, block = integer(block, prefix)
        if index:
            name = self.entry(index)[0]
        else:
            name, block = text(block)
        value, block = text(block)
        return name, value, block


def integer(block, prefix):
    limit = (1 << prefix) - 1
    value, at, shift = block[0] & limit, 1, 0
    if value == limit:
        while True:
            value += (block[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if not block[at - 1] & 0x80:
                break
    return value, block[at:]


def text(block):
    length, block = integer(block, 7)
    return block[:length], block[length:]


def field(name, value):
    """A header as a literal that enters no table; lengths below 127."""
    return b"".join(
        [b"\x00", bytes([len(name)]), name.encode(), bytes([len(value)]), value.encode()]
    )


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def message(payload, length=None, compressed=0):
    """A gRPC message; `length` may lie."""
    return struct.pack(">BI", compressed, len(payload) if length is None else length) + payload


SERVING = message(b"\x08\x01")
NOT_SERVING = message(b"\x08\x02")


class Stream:
    """One request; what the test answers it with."""

    def __init__(self, connection, number, path, scheme):
        self.connection, self.number = connection, number
        self.path, self.scheme = path, scheme
        self.window = connection.first_window
        self.reset = False

    def raw(self, octets):
        self.connection.send(octets)

    def headers(self, status="200", content_type="application/grpc"):
        block = field(":status", status) + field("content-type", content_type)
        self.raw(frame(HEADERS, END_HEADERS, self.number, block))

    def data(self, payload, end=False):
        """In pieces that the flow-control windows allow, so messages are cut anywhere."""
        while payload:
            piece = payload[: self.connection.allowance(self, min(len(payload), 1000))]
            if not piece:
                return
            payload = payload[len(piece) :]
            last = END_STREAM if end and not payload else 0
            self.raw(frame(DATA, last, self.number, piece))

    def trailers(self, status=0):
        block = field("grpc-status", str(status))
        self.raw(frame(HEADERS, END_HEADERS | END_STREAM, self.number, block))

    def rst(self, error):
        self.raw(frame(RST_STREAM, 0, self.number, struct.pack(">I", error)))

    def only_trailers(self, status):
        """The one header block of a call that fails at once."""
        block = field(":status", "200") + field("content-type", "application/grpc")
        block += field("grpc-status", str(status))
        self.raw(frame(HEADERS, END_HEADERS | END_STREAM, self.number, block))

    def answer(self, answer):
        """A whole, good answer to a unary call."""
        self.headers()
        self.data(answer)
        self.trailers()


class Connection:
    def __init__(self, sock, handler, threads=True):
        """Without `threads` the handler runs where frames are read, and must not wait for any."""
        self.sock, self.handler, self.threads = sock, handler, threads
        self.streams = {}
        self.window = self.first_window = 65535
        self.sending = threading.Lock()
        self.changed = threading.Condition()
        self.closed = False

    def send(self, octets):
        with self.sending:
            try:
                self.sock.sendall(octets)
            except OSError:
                pass  # the agent has given up on this connection; the reader sees its end

    def allowance(self, stream, wanted):
        """Waits until at least one octet may be sent; 0 when the stream is over."""
        with self.changed:
            self.changed.wait_for(
                lambda: self.closed or stream.reset or min(self.window, stream.window) > 0
            )
            if self.closed or stream.reset:
                return 0
            allowed = min(wanted, self.window, stream.window)
            self.window -= allowed
            stream.window -= allowed
            return allowed

    def serve(self):
        source = self.sock.makefile("rb")
        try:
            if source.read(len(PREFACE)) == PREFACE:
                self.send(frame(SETTINGS, 0, 0))
                self.read_frames(source)
        except OSError:
            pass
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        self.sock.close()

    def read_frames(self, source):
        reader = HeaderReader()
        while len(head := source.read(9)) == 9:
            length = int.from_bytes(head[:3], "big")
            kind, flags = head[3], head[4]
            number = int.from_bytes(head[5:], "big")
            payload = source.read(length)
            if kind == HEADERS:
                self.streams[number] = Stream(self, number, *reader.path_and_scheme(payload))
            if kind in (HEADERS, DATA) and flags & END_STREAM:
                self.handle(self.streams[number])
            elif kind == SETTINGS and not flags & ACK:
                self.on_settings(payload)
            elif kind == PING and not flags & ACK:
                self.send(frame(PING, ACK, 0, payload))
            elif kind in (WINDOW_UPDATE, RST_STREAM):
                self.on_flow(kind, number, payload)

    def handle(self, stream):
        if self.threads:
            threading.Thread(target=self.handler, args=(stream,), daemon=True).start()
        else:
            self.handler(stream)

    def on_settings(self, payload):
        for at in range(0, len(payload), 6):
            setting, value = struct.unpack_from(">HI", payload, at)
            if setting == 4:
                with self.changed:
                    for stream in self.streams.values():
                        stream.window += value - self.first_window
                    self.first_window = value
        self.send(frame(SETTINGS, ACK, 0))

    def on_flow(self, kind, number, payload):
        with self.changed:
            stream = self.streams.get(number)
            if kind == RST_STREAM:
                stream.reset = True
            elif number == 0:
                self.window += int.from_bytes(payload, "big")
            elif stream is not None:
                stream.window += int.from_bytes(payload, "big")
            self.changed.notify_all()


class SocketServer:
    """Listens; on_connection(socket) runs in a thread for each connection."""

    def __init__(self, on_connection, port=None):
        self.port = port or free_port()
        self.accepted = 0
        self.on_connection = on_connection
        self.connections = []
        self.listener = listen(self.port)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.accepted += 1
            self.connections.append(sock)
            threading.Thread(target=self.on_connection, args=(sock,), daemon=True).start()

    def close(self):
        for sock in (self.listener, *self.connections):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()


class H2Server(SocketServer):
    """Answers each request by handler(stream) and remembers which paths were asked.

    With `tls`, a server's ssl.SSLContext, the first `drops` connections end after the handshake,
    and no handler may wait for frames: a secured socket is for one thread at a time.
    """

    def __init__(self, handler, tls=None, drops=0):
        self.handler, self.tls, self.drops = handler, tls, drops
        self.asked = []
        self.changed = threading.Condition()
        super().__init__(self.serve_secured if tls else self.serve)

    def serve(self, sock):
        Connection(sock, self.on_request).serve()

    def serve_secured(self, sock):
        drop = self.accepted <= self.drops
        try:
            secured = self.tls.wrap_socket(sock, server_side=True)
        except OSError:
            return
        if drop:
            secured.close()
        else:
            self.connections.append(secured)
            Connection(secured, self.on_request, threads=False).serve()

    def on_request(self, stream):
        with self.changed:
            self.asked.append(stream.path)
            self.changed.notify_all()
        self.handler(stream)

    def wait_asked(self, path, count=1, timeout=30):
        with self.changed:
            assert self.changed.wait_for(lambda: self.asked.count(path) >= count, patient(timeout)), (
                f"{path} was asked {self.asked.count(path)} times of {count}"
            )
