# SPDX-License-Identifier: Apache-2.0
"""Disks that fill up or are read-only, and logs that nobody takes, in a mount namespace of their own."""

import contextlib
import fcntl
import json
import os
import pathlib
import subprocess

import pytest

from lib.agent import Agent
from lib.descriptor import descriptor, key_of
from lib.names import UNSHARE, need_mounts
from lib.outputs import reader_to, register, until

SMALL = 'mount -t tmpfs -o size=16k,nr_inodes=64 small "$0" && exec "$@"'
ENTER = ["nsenter", "--preserve-credentials", "--mount", *(["--user"] if os.geteuid() != 0 else [])]


class OnSmallDisk(Agent):
    """An agent that sees a file system of 16 KB at `folder`; `disk` is that for us."""

    def __init__(self, folder, configs, stderr=None):
        self.folder, self.stderr = folder, stderr
        folder.mkdir(exist_ok=True)
        super().__init__(configs)

    def start(self):
        self.argv = [*UNSHARE, "sh", "-c", SMALL, str(self.folder), *self.argv]
        super().start()
        self.disk = pathlib.Path(f"/proc/{self.child.pid}/root{self.folder}")
        self.wait_log("initialized")

    def remount(self, how):
        argv = [*ENTER, f"--target={self.child.pid}", "mount", "-o", f"remount,{how}", self.folder]
        subprocess.run(argv, check=True)

    def fill(self):
        """Not a byte is left."""
        with open(self.disk / "filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(512))
            except OSError:
                pass

    def relieve(self):
        (self.disk / "filler").unlink()


@pytest.fixture
def on_small_disk(closing, tmp_path, write):
    need_mounts()
    made = []

    def start(text):
        made.append(OnSmallDisk(tmp_path / "small", [write(text)]))
        return made[-1]

    yield start
    complaints = [complaint for each in made for complaint in each.close()]
    assert not complaints, complaints


def ports(file):
    """What a file lists; whatever the disk does, it is a whole document."""
    return [i["port"] for i in json.loads(file.read_text())["instances"]]


@pytest.fixture
def reading(etcd, on_small_disk, tmp_path):
    """(agent, its file on the small disk, its file elsewhere)"""
    register(etcd, 1)
    outputs = [tmp_path / "small" / "out.json", tmp_path / "elsewhere.json"]
    text = reader_to(etcd, *({"type": "json", "path": path} for path in outputs))
    agent = on_small_disk(text)
    small = agent.disk / "out.json"
    until(lambda: small.exists() and outputs[1].exists())
    return agent, small, outputs[1]


def goes_on_elsewhere(agent, etcd, small, other, why):
    """The one output fails, says so and keeps what it has; the other is written."""
    since = len(agent.log.lines)
    register(etcd, 2)
    agent.wait_log(f"warn  an output needs attention .*{why}", since=since)
    until(lambda: ports(other) == [1, 2])
    assert ports(small) == [1]


def test_a_full_disk(reading, etcd):
    agent, small, other = reading
    agent.fill()
    goes_on_elsewhere(agent, etcd, small, other, "No space left")
    agent.relieve()
    agent.wait_log("info  an output works again")
    assert ports(small) == [1, 2]
    assert sorted(each.name for each in agent.disk.iterdir()) == ["out.json"]


def test_a_read_only_disk(reading, etcd):
    agent, small, other = reading
    agent.remount("ro")
    goes_on_elsewhere(agent, etcd, small, other, "Read-only file system")
    agent.remount("rw")
    agent.wait_log("info  an output works again")
    assert ports(small) == [1, 2]


def test_no_inode_is_left(reading, etcd):
    agent, small, other = reading
    agent.remount("nr_inodes=3")
    (agent.disk / "last").touch()
    goes_on_elsewhere(agent, etcd, small, other, "No space left")
    agent.remount("nr_inodes=64")
    agent.wait_log("info  an output works again")
    assert ports(small) == [1, 2]


# ---- the log ------------------------------------------------------------------------------------


@pytest.fixture
def lives(etcd, serve, write):
    """The whole life of an agent with this as its stderr; `between` is what happens in the middle.

    `within` are words of another program, which runs the agent."""

    def live(stderr, between=lambda: None, within=()):
        server = serve()
        key, watch = key_of(server.port), etcd.watch()
        argv = [*within, os.environ["SVC_AGENT"], "--config", write(descriptor(etcd, server.port))]
        child = subprocess.Popen(argv, stderr=stderr)
        try:
            watch.put(key)
            server.status("NOT_SERVING")
            watch.gone(key)
            between()
            server.status("SERVING")
            watch.put(key)
            child.terminate()
            assert child.wait(60) == 0
            watch.gone(key)
        finally:
            child.kill()
            child.wait()

    return live


def test_a_log_on_a_full_disk(lives):
    with open("/dev/full", "wb") as full:
        lives(full)


def test_a_log_that_may_not_become_larger(lives, tmp_path):
    """The kernel has a signal for that, which ends who does not expect it."""
    with open(tmp_path / "log", "wb") as log:
        lives(log, within=["prlimit", "--fsize=100"])
    assert (tmp_path / "log").stat().st_size == 100


def test_a_log_that_nobody_takes_and_then_somebody_does(lives):
    there, here = os.pipe()
    fcntl.fcntl(here, fcntl.F_SETPIPE_SZ, 65536)
    os.set_blocking(here, False)
    os.write(here, b"x" * 65536)
    os.set_blocking(here, True)
    with open(there, "rb") as reader:
        lives(here, between=lambda: os.read(there, 65536))
        os.close(here)
        said = reader.read().decode()
    assert "lines of the log were dropped: nobody took them" in said
    assert "Service registered" in said


def test_a_log_to_a_terminal_that_nobody_reads(lives):
    """It takes some of a line and has the rest wait: a process may stand in there for ever."""
    terminal, slave = os.openpty()
    os.set_blocking(slave, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(slave, b"x")
    os.set_blocking(slave, True)
    os.read(terminal, 100)
    lives(slave)
    os.close(slave)
    os.close(terminal)


def test_a_log_whose_reader_has_gone(lives):
    there, here = os.pipe()
    os.close(there)
    lives(here)
    os.close(here)
