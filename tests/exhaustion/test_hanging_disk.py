# SPDX-License-Identifier: Apache-2.0
"""A disk that does not answer keeps nobody waiting but the file that is to be on it."""

import json
import signal
import subprocess

import pytest
from disks import HangingDisk

from lib.descriptor import descriptor, key_of
from lib.outputs import reader_to, register, until

TTL = 8  # a machine that stands still for a moment loses no lease


@pytest.fixture
def disk(tmp_path):
    return HangingDisk(tmp_path)


def ports(file):
    """What a file lists: a whole document, whenever it is read. None before there is one."""
    return [i["port"] for i in json.loads(file.read_text())["instances"]] if file.exists() else None


class Life:
    """An agent that reads, to the disk and elsewhere, and registers a service of its own."""

    def __init__(self, disk, agent, etcd, server, write, folder):
        self.file, self.elsewhere = disk.folder / "out.json", folder / "elsewhere.json"
        self.socket = folder / "admin.sock"
        self.etcd = etcd
        self.reading = write(self.reader())
        self.registering = write(
            descriptor(
                etcd,
                server.port,
                "registered",
                register={"ttl": f"{TTL}s"},
                admin={"listen": f"'unix:{self.socket}'"},
            )
        )
        self.key, self.watch = key_of(server.port, "registered"), etcd.watch()
        register(etcd, 1)
        self.agent = agent(configs=[self.reading, self.registering], env=disk.env)
        self.watch.put(self.key)
        until(lambda: ports(self.file) == [1] and ports(self.elsewhere) == [1])

    def reader(self, settle="10ms"):
        outputs = [{"type": "json", "path": path} for path in (self.file, self.elsewhere)]
        return reader_to(self.etcd, *outputs, settle=settle)

    def list_another(self, port):
        register(self.etcd, port)
        until(lambda: ports(self.elsewhere)[-1] == port)

    def ask(self, path):
        argv = ["curl", "-sS", "--max-time", "30", "--unix-socket", self.socket, f"http://localhost{path}"]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    def reload(self):
        since = len(self.agent.log.lines)
        self.agent.signal(signal.SIGHUP)
        self.agent.wait_log("read the descriptors again", since=since)


@pytest.fixture
def life(disk, agent, etcd, serve, write, tmp_path):
    yield Life(disk, agent, etcd, serve(), write, tmp_path)
    disk.come_back()


def test_all_else_goes_on(life, disk):
    disk.hang()
    for port in (2, 3):
        life.list_another(port)
        disk.wait_asked()
    life.etcd.outlast(TTL)
    life.watch.nothing_more(life.key)
    assert life.ask("/healthz") == "ok\n"
    life.list_another(4)
    assert ports(life.file) == [1]
    assert disk.asked == 1  # one at a time
    life.agent.wait_log("an output needs attention .*the disk has not taken it yet")
    disk.come_back()
    life.agent.wait_log("an output works again")
    until(lambda: ports(life.file) == [1, 2, 3, 4])
    assert not life.agent.log.find("stopped for longer")
    life.agent.stop()
    assert disk.names() == ["out.json"]


def test_the_next_one_in_the_folder_has_its_turn(disk, agent, etcd):
    files = [disk.folder / name for name in ("a.json", "b.json")]
    register(etcd, 1)
    agent(reader_to(etcd, *({"type": "json", "path": path} for path in files)), env=disk.env)
    until(lambda: [ports(file) for file in files] == [[1], [1]])
    disk.hang()
    register(etcd, 2)
    disk.wait_asked()
    disk.come_back()
    until(lambda: [ports(file) for file in files] == [[1, 2], [1, 2]])


def test_a_reload(life, disk):
    """The new one writes what is newest, and the old one nothing more."""
    disk.hang()
    life.list_another(2)
    disk.wait_asked()
    life.reading.write_text(life.reader(settle="20ms"))
    life.reload()
    life.list_another(3)
    disk.wait_asked(2)
    life.watch.nothing_more(life.key)
    assert ports(life.file) == [1]
    disk.come_back()
    until(lambda: ports(life.file) == [1, 2, 3])
    until(lambda: disk.names() == ["out.json"])
    assert ports(life.file) == [1, 2, 3]


def test_an_output_that_is_gone_is_not_written(life, disk):
    disk.hang()
    life.list_another(2)
    disk.wait_asked()
    life.reading.write_text(reader_to(life.etcd, {"type": "json", "path": life.elsewhere}))
    life.reload()
    life.list_another(3)
    disk.come_back()
    until(lambda: disk.names() == ["out.json"])
    assert ports(life.file) == [1]


def test_the_end(life, disk):
    """It withdraws and ends; what it had begun stays as what a killed one leaves."""
    disk.hang()
    life.list_another(2)
    disk.wait_asked()
    life.agent.stop()
    life.watch.gone(life.key)
    assert ports(life.file) == [1]
