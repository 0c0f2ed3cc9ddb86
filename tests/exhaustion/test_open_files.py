# SPDX-License-Identifier: Apache-2.0
"""No descriptor is left: nothing is concluded from that, nothing spins, and it ends when that ends."""

import json
import os
import socket
import subprocess
import time

import pytest
from limits import Busy, forbid
from watched import Watched

from lib.agent import environment
from lib.descriptor import NAME, descriptor, key_of
from lib.outputs import key_at, reader_to, register, until, words

TTL = 6
PACKAGED = os.environ.get("SVC_PACKAGE", "build/asan/package") + "/svc-agent"
NOTHING_LEFT = f"warn  cannot probe service={NAME} reason=NO_RESOURCES"


@pytest.mark.parametrize("kind", ["grpc", "http", "tcp", "exec"])
def test_a_healthy_service_stays_listed(kind, serve, closing, agent, etcd, tmp_path):
    service = Watched(kind, serve, closing, tmp_path)
    key, watch = key_of(service.port), etcd.watch()
    text = descriptor(etcd, service.port, probe=service.probe, register={"ttl": f"{TTL}s"})
    sidecar = agent(text)
    watch.put(key)
    sidecar.wait_log("Service registered")
    allow = forbid(sidecar)
    service.lose()
    sidecar.wait_log(NOTHING_LEFT)
    etcd.outlast(TTL)
    watch.nothing_more(key)
    allow()
    service.fall()
    watch.gone(key)


def test_a_reload_is_refused_and_taken_later(serve, agent, etcd, write):
    server = serve()
    path = write(descriptor(etcd, server.port))
    watch = etcd.watch()
    sidecar = agent(configs=[path])
    watch.put(key_of(server.port))
    sidecar.wait_log("Service registered")
    allow = forbid(sidecar)
    path.write_text(descriptor(etcd, server.port, service={"metadata": "{version: 2}"}))
    sidecar.signal(1)
    sidecar.wait_log("error cannot take the new descriptors, nothing changed: .*Too many open files")
    watch.nothing_more(key_of(server.port))
    allow()
    sidecar.signal(1)
    assert json.loads(watch.put(key_of(server.port)).value)["version"] == 2


def test_the_admin_waits_and_does_not_spin(serve, agent, etcd, tmp_path):
    server, address = serve(), tmp_path / "admin.sock"
    sidecar = agent(descriptor(etcd, server.port, admin={"listen": f"'unix:{address}'"}))
    sidecar.wait_log("Service registered")
    allow = forbid(sidecar)
    guest = socket.socket(socket.AF_UNIX)
    guest.settimeout(60)
    guest.connect(str(address))
    guest.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
    etcd.outlast(2)
    busy = Busy(sidecar)

    def calm():
        """It is at rest for more than half of a second."""
        busy.begin()
        time.sleep(1)
        return busy.share() < 0.5

    until(calm)
    allow()
    assert guest.recv(100).startswith(b"HTTP/1.")
    guest.close()


@pytest.mark.parametrize("kind", ["json", "exec"])
def test_an_output_is_written_when_it_can_be(kind, agent, etcd, tmp_path):
    told = tmp_path / "told.json"
    output = {"type": "json", "path": told}
    if kind == "exec":
        output = {"type": "exec", "command": words("sh", "-c", f"cat >{told}.new; mv {told}.new {told}")}
    register(etcd, 1)
    sidecar = agent(reader_to(etcd, output))

    def ports():
        return [i["port"] for i in json.loads(told.read_text())["instances"]] if told.exists() else []

    until(lambda: ports() == [1])
    allow = forbid(sidecar)
    register(etcd, 2)
    sidecar.wait_log("warn  an output needs attention")
    assert ports() == [1]
    allow()
    until(lambda: ports() == [1, 2])
    etcd.delete(key_at(1))
    until(lambda: ports() == [2])


@pytest.mark.parametrize("limit", [4, 5, 6, 7, 8, 9, 10, 12, 14])
def test_a_start_ends_with_a_sentence_or_goes_on(limit, etcd, write):
    path = write(descriptor(etcd, 1, probe={"type": "tcp"}))
    argv = ["prlimit", f"--nofile={limit}:{limit}", PACKAGED, "--config", path]
    child = subprocess.Popen(argv, env=environment(), stderr=subprocess.PIPE, text=True)
    try:
        first = child.stderr.readline()
        if first.startswith("svc-agent: ") or "the event loop cannot go on, ended" in first:
            assert child.wait(60) == 70
        else:
            assert "limit of open files is too low" in first or "initialized" in first
            child.terminate()
            assert child.wait(60) == 0
        print(limit, first)
    finally:
        child.kill()
        child.wait()
