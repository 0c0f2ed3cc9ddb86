# SPDX-License-Identifier: Apache-2.0
"""A member of etcd that lies when it is told to, and passes on what a real one says until then.

It speaks gRPC with messages as bytes: what it forges has the header of a true answer, so nothing
but what the other members say can show that it is false.
"""

import queue
import threading
from concurrent import futures

import grpc

from lib.ports import free_port

RANGE, WATCH = "/etcdserverpb.KV/Range", "/etcdserverpb.Watch/Watch"
LENGTH_DELIMITED = 2
DELETE = 1
END = object()


def varint(number):
    octets = bytearray()
    while number > 0x7F:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(octets) + bytes([number])


def read_varint(octets, at):
    number, shift = 0, 0
    while True:
        number |= (octets[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not octets[at - 1] & 0x80:
            return number, at


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | LENGTH_DELIMITED) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def fields(octets):
    """(number, value) of each field: whole numbers, or bytes."""
    at = 0
    while at < len(octets):
        tag, at = read_varint(octets, at)
        value, at = read_varint(octets, at)
        if tag & 7 == LENGTH_DELIMITED:
            value, at = octets[at : at + value], at + value
        yield tag >> 3, value


def header_of(answer):
    return dict(fields(answer))[1]


class Liar:
    """An endpoint of its own before the etcd it is made for."""

    def __init__(self, etcd):
        self.port = free_port()
        self.empty = False  # answers to a range: there is nothing
        self.refusing = False  # watches are refused
        self.lied = 0
        self._watches = set()
        self._lock = threading.Lock()
        self._channel = grpc.insecure_channel(etcd.endpoint)
        self._server = grpc.server(futures.ThreadPoolExecutor(16))
        handlers = {
            RANGE: grpc.unary_unary_rpc_method_handler(self._range),
            WATCH: grpc.stream_stream_rpc_method_handler(self._watch),
        }
        for path, handler in handlers.items():
            _, service, method = path.split("/")
            self._server.add_generic_rpc_handlers(
                [grpc.method_handlers_generic_handler(service, {method: handler})]
            )
        assert self._server.add_insecure_port(self.endpoint) == self.port
        self._server.start()

    @property
    def endpoint(self):
        return f"127.0.0.1:{self.port}"

    def _range(self, request, _):
        answer = self._channel.unary_unary(RANGE)(request, timeout=30)
        if not self.empty:
            return answer
        self.lied += 1
        return field(1, header_of(answer))

    def _watch(self, requests, context):
        if self.refusing:
            context.abort(grpc.StatusCode.UNAVAILABLE, "etcdserver: leader changed")
        told = queue.Queue()
        upstream = self._channel.stream_stream(WATCH)(requests)
        threading.Thread(target=self._pass_on, args=(upstream, told), daemon=True).start()
        context.add_callback(lambda: (upstream.cancel(), told.put(END)))
        with self._lock:
            self._watches.add(told)
        yield from iter(told.get, END)

    def _pass_on(self, upstream, told):
        try:
            for answer in upstream:
                told.put(answer)
        except grpc.RpcError:
            pass  # the agent has gone, or etcd has
        with self._lock:
            self._watches.discard(told)
        told.put(END)

    def delete(self, keys):
        """Tells all watches that these keys were deleted, in the next revision."""
        span = field(1, b"x")
        header = header_of(self._channel.unary_unary(RANGE)(span, timeout=30))
        revision = dict(fields(header))[3] + 1
        header = b"".join(
            field(number, revision if number == 3 else value) for number, value in fields(header)
        )
        events = [field(1, key.encode()) + field(3, revision) for key in keys]
        news = field(1, header)
        news += b"".join(field(11, field(1, DELETE) + field(2, kv)) for kv in events)
        with self._lock:
            assert self._watches, "nobody watches"
            for told in self._watches:
                self.lied += 1
                told.put(news)

    def close(self):
        self._server.stop(0).wait(10)
        self._channel.close()
