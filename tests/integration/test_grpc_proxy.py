# SPDX-License-Identifier: Apache-2.0
"""etcd's own grpc-proxy between an agent and etcd: what both sides of svc-agent need passes.

It answers a renewal when its own, which comes in a third of the TTL, has been answered: that may be
too late for the agent, which then says so and tries again.
"""

import socket
import subprocess
import time

import pytest

from lib.agent import run
from lib.descriptor import descriptor, key_of
from lib.ports import free_port, listen
from lib.process import Process

TTL = 5


class GrpcProxy(Process):
    def __init__(self, etcd, log):
        self.etcd, self.log = etcd, log
        self.port, self.metrics_port = free_port(), free_port()

    @property
    def endpoint(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        argv = ["etcd", "grpc-proxy", "start", "--endpoints", self.etcd.endpoint]
        argv += ["--listen-addr", self.endpoint]
        argv += ["--metrics-addr", f"http://127.0.0.1:{self.metrics_port}"]
        with open(self.log, "ab") as log:
            self.spawn(argv, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while not self.answers():
            assert self.running and time.monotonic() < deadline, self.log.read_text()[-2000:]
            time.sleep(0.02)
        return self

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
            return True
        except OSError:
            return False

    def close(self):
        self.kill()


@pytest.fixture
def proxy(etcd, tmp_path, closing):
    return closing(GrpcProxy(etcd, tmp_path / "proxy.log")).start()


@pytest.fixture
def service(closing):
    """The port of a service that takes connections in, which is all its probe asks for."""
    return closing(listen(backlog=1000)).getsockname()[1]


def test_registered_kept_read_and_withdrawn(agent, etcd, follow, proxy, service):
    key, watch = key_of(service), etcd.watch()
    registered = {"register": {"ttl": f"{TTL}s"}, "probe": {"type": "tcp", "interval": "1s"}}
    sidecar = agent(descriptor(proxy, service, **registered))
    put = watch.put(key)
    reading, written = follow(proxy)
    address = f"localhost:{service}"
    written.lists(address)
    for _ in range(3):
        etcd.outlast(TTL)
    assert etcd.get()[key][1] == put.lease
    watch.nothing_more(key)
    assert address in run("list", "--endpoints", proxy.endpoint).stdout
    sidecar.stop()
    watch.gone(key)
    written.lists()
    assert reading.log.count("warn ") == 0


def test_a_lease_that_is_gone_behind_it_is_replaced(agent, etcd, proxy, service):
    """Of a lease that is gone the proxy says that it has -1 s left, where etcd says 0."""
    key, watch = key_of(service), etcd.watch()
    registered = {"register": {"ttl": f"{TTL}s"}, "probe": {"type": "tcp", "interval": "1s"}}
    sidecar = agent(descriptor(proxy, service, **registered))
    first = watch.put(key)
    etcd.revoke(first.lease)
    watch.gone(key)
    assert watch.put(key).lease != first.lease
    sidecar.wait_log("lease lost")
