#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A small gRPC server with the standard health service, to try svc-agent on.

It knows nothing of discovery: it only says how it is when it is asked.

    kill -USR1 PID   it says NOT_SERVING from now on
    kill -USR2 PID   it says SERVING again
    kill -TERM PID   it stops, after the calls that are still running

The two health messages are so small (one field each) that they are read and
written here by hand; no generated code is needed.
"""

import argparse
import signal
import sys
import threading
from concurrent import futures

import grpc

SERVING = 1
NOT_SERVING = 2
NAMES = {SERVING: "SERVING", NOT_SERVING: "NOT_SERVING"}
SIGNALS = {signal.SIGUSR1: NOT_SERVING, signal.SIGUSR2: SERVING}
STOP = {signal.SIGTERM, signal.SIGINT}


class Health:
    """The status of the whole server, and everyone who watches it."""

    def __init__(self):
        self.status = SERVING
        self.changed = threading.Condition()

    def set(self, status):
        with self.changed:
            self.status = status
            self.changed.notify_all()

    def check(self, request, context):
        refuse_names(request, context)
        return response(self.status)

    def watch(self, request, context):
        """Sends the status now and again whenever it is another one."""
        refuse_names(request, context)
        context.add_callback(self.wake)
        sent = None
        while context.is_active():
            with self.changed:
                self.changed.wait_for(lambda: self.status != sent or not context.is_active())
                status = self.status
            if status != sent:
                sent = status
                yield response(status)

    def wake(self):
        with self.changed:
            self.changed.notify_all()


def response(status):
    """HealthCheckResponse: field 1, a varint."""
    return bytes([0x08, status])


def refuse_names(request, context):
    """This server has one health, that of the empty name, which is not sent at all."""
    if request not in (b"", b"\x0a\x00"):
        context.abort(grpc.StatusCode.NOT_FOUND, "only the whole server has a health here")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=50051)
    port = parser.parse_args().port

    # Before any thread starts, so that every thread leaves these signals to sigwait() below.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP | set(SIGNALS))

    health = Health()
    handlers = {
        "Check": grpc.unary_unary_rpc_method_handler(health.check),
        "Watch": grpc.unary_stream_rpc_method_handler(health.watch),
    }
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=8), options=[("grpc.so_reuseport", 0)]
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("grpc.health.v1.Health", handlers),)
    )
    try:
        bound = server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError:  # how newer versions say it
        bound = 0
    if bound == 0:
        sys.exit(f"cannot listen on 127.0.0.1:{port}")
    server.start()
    print(f"listening on 127.0.0.1:{port}, {NAMES[health.status]}", flush=True)

    while True:
        got = signal.sigwait(STOP | set(SIGNALS))
        if got in STOP:
            break
        health.set(SIGNALS[got])
        print(NAMES[health.status], flush=True)
    server.stop(grace=1).wait()


if __name__ == "__main__":
    main()
