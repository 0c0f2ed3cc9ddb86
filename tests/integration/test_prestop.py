# SPDX-License-Identifier: Apache-2.0
"""A pod is stopped and comes back while calls go on: the order of Kubernetes, acted with processes.

Two pods of one service, each with its agent; a gateway's pod with HAProxy and an agent that reads.
What kubelet does is in `Pod`: hooks first, then SIGTERM, and who gets it when.
"""

import subprocess
import time

import pytest

from lib.agent import BINARY, environment
from lib.calls import Calls
from lib.descriptor import descriptor
from lib.haproxy import HAProxy
from lib.outputs import reader_to, until

LINGER = 4  # who reads has heard of it by then, also on a machine that stands still for a while
# What a service's own hook waits, seconds: etcd's confirmation and the linger have room in it.
APP_WAITS = 7


class Pod:
    def __init__(self, name, etcd, serve, agent, folder):
        self.name, self._agent = name, agent
        self.server = serve("py", statuses={"": "SERVING", name: "SERVING"})
        self._admin = f"unix:{folder}/{name}.sock"
        self._descriptor = descriptor(
            etcd, self.server.port, service={"host": "127.0.0.1"},
            admin={"listen": self._admin}, shutdown={"linger": f"{LINGER}s"},
        )  # fmt: skip
        self.sidecar = agent(self._descriptor)

    def stop_with_a_native_sidecar(self):
        """All hooks at once; SIGTERM to the service after its own; to the sidecar after its end."""
        drain = subprocess.Popen(
            [BINARY, "drain", "--wait", "--admin", self._admin], env=environment()
        )
        hook = subprocess.Popen(["sleep", str(APP_WAITS)])
        # Where the machine is so slow that the service's hook is the first to end, it was too short.
        assert drain.wait(60) == 0
        assert hook.wait(60) == 0
        self.server.terminate()
        assert self.server.child.wait(60) == 0
        self.sidecar.stop()

    def stop_with_a_plain_sidecar(self):
        """No hook for the agent: SIGTERM at once, to the service after its own hook."""
        hook = subprocess.Popen(["sleep", str(APP_WAITS)])
        self.sidecar.terminate()
        assert self.sidecar.wait_exit() == 0
        assert hook.wait(60) == 0
        self.server.terminate()
        assert self.server.child.wait(60) == 0

    def start_again(self):
        self.server.start()
        self.sidecar = self._agent(self._descriptor)


@pytest.fixture
def pods(etcd, serve, agent, tmp_path):
    return [Pod(name, etcd, serve, agent, tmp_path) for name in ("a", "b")]


@pytest.fixture
def haproxy(etcd, agent, tmp_path, closing):
    slots = "server-template svc- 1-4 127.0.0.1:1 proto h2 disabled"
    proxy = closing(HAProxy(tmp_path, slots)).start()
    agent(reader_to(etcd, {"type": "haproxy", "socket": proxy.socket, "backend": "coupon"}))
    return proxy


@pytest.mark.parametrize("stop", [Pod.stop_with_a_native_sidecar, Pod.stop_with_a_plain_sidecar],
                         ids=["native", "plain"])  # fmt: skip
def test_not_one_call_fails(stop, pods, haproxy, closing):
    pod, other = pods
    both = {pod.server.port, other.server.port}
    until(lambda: set(haproxy.serving()) == both)
    calls = closing(Calls(haproxy.port, pod.name, threads=4))
    assert all(calls.more(50))  # both of them answer

    start = time.monotonic()
    stop(pod)
    print(f"stopped after {time.monotonic() - start:.3f} s")
    assert set(haproxy.serving()) == {other.server.port}
    hits, others = calls.more(50)
    assert hits == 0 and others >= 50

    pod.start_again()
    until(lambda: set(haproxy.serving()) == both)
    until(lambda: calls.more(10)[0] > 0)
    calls.close()
    assert calls.failed == []
    print(f"{calls.ended} calls, none failed")
