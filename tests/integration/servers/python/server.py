# SPDX-License-Identifier: Apache-2.0
"""A gRPC server on C-core with a health service written by hand.

The messages of grpc.health.v1 are two fields in all, so they are packed here and no generated
code is needed. Control is by lines, the same for all our servers: see servers.py.
"""

import argparse
import os
import pathlib
import signal
import sys
import threading
from concurrent import futures

import grpc

STATUS = {"UNKNOWN": 0, "SERVING": 1, "NOT_SERVING": 2, "SERVICE_UNKNOWN": 3}


def asked_name(request):
    """HealthCheckRequest: field 1, a string; an empty message asks for the whole server."""
    if not request:
        return ""
    if request[0] != 0x0A or request[1] != len(request) - 2:
        raise ValueError(f"not a HealthCheckRequest: {request!r}")
    return request[2:].decode()


def answer(status):
    """HealthCheckResponse: field 1, an enum; 0 is the empty message."""
    return bytes([0x08, STATUS[status]]) if STATUS[status] else b""


def field(number, content):
    """A field of a protobuf message whose content is bytes, up to 127 of them."""
    return bytes([number << 3 | 2, len(content)]) + content


class Health:
    def __init__(self, statuses):
        self.statuses = dict(statuses)
        self.changed = threading.Condition()

    def set(self, name, status):
        with self.changed:
            self.statuses[name] = status
            self.changed.notify_all()

    def check(self, request, context):
        name = asked_name(request)
        with self.changed:
            if name in self.statuses:
                return answer(self.statuses[name])
        context.abort(grpc.StatusCode.NOT_FOUND, f"unknown service {name}")

    def list(self, request, context):
        """HealthListResponse: field 1, a map from a name to a HealthCheckResponse."""
        with self.changed:
            entries = [field(1, name.encode()) + field(2, answer(status))
                       for name, status in self.statuses.items()]
        return b"".join(field(1, entry) for entry in entries)

    def watch(self, request, context):
        name = asked_name(request)
        context.add_callback(self.wake)
        told = None
        while context.is_active():
            with self.changed:
                self.changed.wait_for(
                    lambda: not context.is_active() or self.status_of(name) != told
                )
                now = self.status_of(name)
            if now != told:
                told = now
                yield answer(now)

    def status_of(self, name):
        return self.statuses.get(name, "SERVICE_UNKNOWN")

    def wake(self):
        with self.changed:
            self.changed.notify_all()


def add_port(server, options):
    if not options.tls_cert:
        return server.add_insecure_port(options.listen)
    pair = (options.tls_key.read_bytes(), options.tls_cert.read_bytes())
    authority = options.client_ca.read_bytes() if options.client_ca else None
    credentials = grpc.ssl_server_credentials(
        [pair], root_certificates=authority, require_client_auth=authority is not None
    )
    return server.add_secure_port(options.listen, credentials)


def build(options):
    health = Health(options.status)
    methods = {"Check": grpc.unary_unary_rpc_method_handler(health.check)}
    if options.health == "full":
        methods["Watch"] = grpc.unary_stream_rpc_method_handler(health.watch)
        methods["List"] = grpc.unary_unary_rpc_method_handler(health.list)
    service = "grpc.health.v1.Health"
    if options.health == "none":
        service, methods = "demo.Echo", {
            "Say": grpc.unary_unary_rpc_method_handler(lambda request, _: request)
        }
    channel_options = [("grpc.so_reuseport", 0)]
    if options.max_age:
        channel_options.append(("grpc.max_connection_age_ms", options.max_age))
        channel_options.append(("grpc.max_connection_age_grace_ms", 500))
    if options.max_streams:
        channel_options.append(("grpc.max_concurrent_streams", options.max_streams))
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32), options=channel_options)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
    if not add_port(server, options):
        sys.exit(f"cannot listen on {options.listen}")
    server.start()
    return server, health


def say(line):
    print(line, flush=True)


def graceful(server):
    server.stop(grace=600).wait()
    say("stopped")


def terminate(server):
    say("terminating")
    server.stop(grace=600).wait()
    os._exit(0)  # the main thread waits for a line still


def parse(argv):
    parser = argparse.ArgumentParser()
    parser.add_argument("--listen", required=True)
    parser.add_argument("--health", choices=["full", "check", "none"], default="full")
    parser.add_argument("--max-age", type=int, default=0)
    parser.add_argument("--max-streams", type=int, default=0)
    parser.add_argument("--tls-cert", type=pathlib.Path)
    parser.add_argument("--tls-key", type=pathlib.Path)
    parser.add_argument("--client-ca", type=pathlib.Path)
    parser.add_argument("--status", action="append", type=lambda s: tuple(s.split("=")))
    options = parser.parse_args(argv)
    options.status = options.status or [("", "SERVING")]
    return options


def main():
    server, health = build(parse(sys.argv[1:]))
    stop = threading.Thread(target=terminate, args=(server,), daemon=True)
    signal.signal(signal.SIGTERM, lambda *_: stop.start())
    say("ready")
    for line in sys.stdin:
        command, *words = line.split()
        if command == "status":
            health.set("" if words[0] == "-" else words[0], words[1])
        elif command == "graceful":
            threading.Thread(target=graceful, args=(server,), daemon=True).start()
        say("done")
    server.stop(grace=None)


main()
