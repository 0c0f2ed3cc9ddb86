# SPDX-License-Identifier: Apache-2.0
"""The kernel maps nothing more: no crash and no lie, and it ends when that ends.

The agent of the package, since sanitizers need all the space there is. Its allocator has the kernel map
every block of a kilobyte or more, and gives back what it can, so that little is left to live on.
"""

import json
import os
import resource
import signal
import subprocess

import pytest
from limits import Busy, forbid
from watched import QUICK, Watched

from lib.agent import Agent, environment
from lib.certs import Authority
from lib.descriptor import descriptor, key_of
from lib.outputs import reader_to, register, until

TTL = 60  # who has no memory at all may be late with a renewal
AUDITS = 3  # seconds, of fifteen
PACKAGED = os.environ.get("SVC_PACKAGE", "build/asan/package") + "/svc-agent"
NOTHING_KEPT = "glibc.malloc.mmap_threshold=1024:glibc.malloc.top_pad=0:glibc.malloc.trim_threshold=1"
MIB = 1 << 20


def size(agent):
    with open(f"/proc/{agent.child.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


class Packaged(Agent):
    binary = PACKAGED

    def __init__(self, configs):
        super().__init__(configs, env={"GLIBC_TUNABLES": NOTHING_KEPT})

    def forbid(self):
        # A little below what it has: what it gives back meanwhile is of no use to it either.
        return forbid(self, resource.RLIMIT_AS, size(self) - MIB)


@pytest.fixture
def start(etcds, serve, closing, write):
    made = []

    def begin(*texts, configs=()):
        made.append(Packaged([*(write(text) for text in texts), *configs]))
        return made[-1]

    yield begin
    complaints = [complaint for each in made for complaint in each.close()]
    assert not complaints, complaints


@pytest.mark.parametrize("kind", ["grpc", "grpc+tls", "http", "http+tls", "tcp", "exec"])
def test_a_healthy_service_stays_listed(kind, serve, closing, start, etcd, tmp_path):
    service = Watched(kind, serve, closing, tmp_path)
    key, watch = key_of(service.port), etcd.watch()
    agent = start(descriptor(etcd, service.port, probe=service.probe, register={"ttl": f"{TTL}s"}))
    watch.put(key)
    agent.wait_log("Service registered")
    allow = agent.forbid()
    service.lose()
    etcd.outlast(AUDITS)
    watch.nothing_more(key)
    assert agent.log.count("cannot probe") <= 1
    assert not agent.log.find("reason=(EXEC_MISSING|EXEC_FAILED|TLS_ERROR)")
    allow()
    service.fall()
    watch.gone(key)


def test_it_is_back_after_longer_than_the_ttl(serve, closing, start, etcd):
    """Whether it could renew meanwhile or not."""
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    agent = start(descriptor(etcd, server.port, probe=QUICK, register={"ttl": "2s"}))
    watch.put(key)
    allow = agent.forbid()
    busy = Busy(agent)
    etcd.outlast(2)
    etcd.outlast(2)
    assert busy.share() < 0.8
    assert not agent.log.find("health up -> down|Service deregistered")
    allow()
    until(lambda: key in etcd.get(), 60)
    server.status("NOT_SERVING")
    until(lambda: key not in etcd.get())


def test_a_reload_is_refused_and_taken_later(serve, start, etcd, write):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    path = write(descriptor(etcd, server.port, register={"ttl": f"{TTL}s"}))
    agent = start(configs=[path])
    watch.put(key)
    agent.wait_log("Service registered")
    allow = agent.forbid()
    path.write_text(descriptor(etcd, server.port, service={"metadata": "{version: 2}"}, register={"ttl": f"{TTL}s"}))
    agent.signal(signal.SIGHUP)
    agent.wait_log("error cannot take the new descriptors, nothing changed: .*memory")
    watch.nothing_more(key)
    allow()
    agent.signal(signal.SIGHUP)
    assert json.loads(watch.put(key).value)["version"] == 2


def test_an_output_is_written_when_it_can_be(start, etcd, tmp_path):
    told = tmp_path / "told.json"
    register(etcd, 1)
    agent = start(reader_to(etcd, {"type": "json", "path": told}, settle="10ms"))

    def ports():
        return [i["port"] for i in json.loads(told.read_text())["instances"]] if told.exists() else []

    until(lambda: ports() == [1])
    allow = agent.forbid()
    many = range(1, 60)
    for port in many:
        register(etcd, port)
    etcd.outlast(1)
    assert agent.running
    assert set(ports()) <= set(many)  # and it is a whole document
    allow()
    until(lambda: sorted(ports()) == list(many), 60)


@pytest.mark.parametrize("kind", ["tcp", "http", "grpc+tls"])
@pytest.mark.parametrize("size", [3, 4, 5, 6, 8, 9, 10, 12, 14, 16, 20])
def test_a_start_ends_with_a_sentence_or_goes_on(size, kind, etcd, write, tmp_path):
    kind, _, secured = kind.partition("+")
    tls = {"tls": f"{{ca_file: {Authority(tmp_path).cert}}}"} if secured else {}
    path = write(descriptor(etcd, 1, probe={"type": kind, **tls}))
    argv = ["prlimit", f"--as={size * MIB}:{size * MIB}", PACKAGED, "--config", path]
    child = subprocess.Popen(argv, env=environment(), stderr=subprocess.PIPE, text=True)
    try:
        first = child.stderr.readline()
        print(size, kind, first)
        if "error while loading shared libraries" in first:
            assert child.wait(60) == 127  # the loader's own end: not a line of ours has run
        elif first.startswith("svc-agent: ") or "the event loop cannot go on, ended" in first:
            assert child.wait(60) == 70
        else:
            assert "initialized" in first
            child.terminate()
            assert child.wait(60) == 0
    finally:
        child.kill()
        child.wait()
