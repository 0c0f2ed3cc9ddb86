# SPDX-License-Identifier: Apache-2.0
"""gRPC calls through a proxy, one after the other, each of them noted."""

import threading
import time

import grpc

CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
SERVING = b"\x08\x01"


def asking(name):
    """HealthCheckRequest for a named service."""
    return bytes([0x0A, len(name)]) + name.encode() if name else b""


def channel(port, retries=False):
    # A channel of its own: by default all of a process to one address share a connection.
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", int(retries))]
    return grpc.insecure_channel(f"127.0.0.1:{port}", options=options)


class Calls:
    """Asks a proxy again and again for a service that one of the servers has.

    `hits` are the answers of that one, `others` those of other servers; all else is `failed`.
    `calls` has each that has ended: when it began, and in which of these it is.
    """

    def __init__(self, port, name, threads=2, retries=False):
        self.calls, self.failed = [], []
        self._name = name
        self._news = threading.Condition()
        self._stopping = False
        self._channels = [channel(port, retries) for _ in range(threads)]
        self._threads = [
            threading.Thread(target=self._work, args=(each,), daemon=True)
            for each in self._channels
        ]
        for thread in self._threads:
            thread.start()

    def _work(self, to):
        check = to.unary_unary(CHECK)
        while not self._stopping:
            began = time.monotonic()
            try:
                check(asking(self._name), timeout=120)
                code = grpc.StatusCode.OK
            except grpc.RpcError as error:
                code, failure = error.code(), error
            with self._news:
                if code == grpc.StatusCode.OK:
                    self.calls.append((began, "hit"))
                elif code == grpc.StatusCode.NOT_FOUND:
                    self.calls.append((began, "other"))
                else:
                    self.calls.append((began, "failed"))
                    self.failed.append(failure)
                self._news.notify_all()
            time.sleep(0.002)  # for the sake of the machine

    def count(self, what, since=0.0):
        return sum(1 for began, end in self.calls if end == what and began >= since)

    @property
    def hits(self):
        return self.count("hit")

    @property
    def others(self):
        return self.count("other")

    @property
    def ended(self):
        return len(self.calls)

    def more(self, n):
        """(hits, others) of so many more calls, none of which has begun already."""
        now = time.monotonic()

        def seen():
            return sum(1 for began, _ in self.calls if began >= now)

        with self._news:
            assert self._news.wait_for(lambda: seen() >= n, 120), "calls hang"
            return self.count("hit", now), self.count("other", now)

    def close(self):
        self._stopping = True
        for thread in self._threads:
            thread.join(60)
        for each in self._channels:
            each.close()


def hold_call_on(to, name):
    """A call through a proxy that runs on the server with that name until it is cancelled."""
    watch = to.unary_stream(WATCH)
    for _ in range(200):  # whose turn it is depends on the other calls, too
        stream = watch(asking(name))
        if next(stream) == SERVING:
            return stream
        stream.cancel()
    raise AssertionError(f"no call came to {name}")
