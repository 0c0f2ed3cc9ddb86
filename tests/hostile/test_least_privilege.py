# SPDX-License-Identifier: Apache-2.0
"""The agent of the package as anybody: a uid without a name, no capability, nothing to write to but one folder.

Who is not root runs this in a user namespace, and with its own uid.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest

from lib.agent import Agent
from lib.descriptor import NAME, descriptor, key_of
from lib.names import UNSHARE, need_mounts
from lib.outputs import until
from lib.ports import free_port
from lib.reader import reader

RELEASE = pathlib.Path(os.environ.get("SVC_PACKAGE", "")) / "svc-agent"
IS_ROOT = os.geteuid() == 0
ANYBODY = 54321 if IS_ROOT else os.getuid()
IDENTITY = ["--reuid=54321", "--regid=54321", "--clear-groups"] if IS_ROOT else []
PRIVILEGES = ["setpriv", *IDENTITY, "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]

# $0 is the folder that stays writable, and is the same outside. Deeper mounts first: "remount" is
# of one mount each, and what cannot be made read-only must not be writable for anybody either.
ALONE = """
set -e
mount --make-rprivate /
mount --bind "$0" "$0"
findmnt -rno TARGET | grep -vxF -e "$0" | while read -r at; do
    mount -o remount,bind,ro "$at" 2>/dev/null || case $at in /proc*|/sys*|/dev*) ;; *) exit 1 ;; esac
done
exec "$@"
"""


class Stage:
    """A folder that everybody may look into, with a part of it that the agent may write to."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="svc-least-"))
        self.folder.chmod(0o755)
        self.own = self.folder / "own"
        self.own.mkdir(mode=0o700)
        if IS_ROOT:
            os.chown(self.own, ANYBODY, ANYBODY)
        self.binary = self.folder / "svc-agent"
        shutil.copy(RELEASE, self.binary)
        self.within = [*UNSHARE, "sh", "-c", ALONE, str(self.own), *PRIVILEGES]

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    def run(self, *words):
        return subprocess.run(
            [str(word) for word in (*self.within, self.binary, *words)],
            env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Anybody(Agent):
    def __init__(self, stage, *configs):
        self.stage = stage
        super().__init__(configs)

    def start(self):
        self.argv = [*self.stage.within, str(self.stage.binary), *self.argv[1:]]
        self.env = {"PATH": os.environ["PATH"]}
        super().start()


@pytest.fixture
def stage():
    need_mounts()
    made = Stage()
    yield made
    made.close()


def facts(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as text:
        return dict(line.rstrip("\n").split(":\t", 1) for line in text if ":\t" in line)


def status(stage, where):
    done = stage.run("status", "--admin", where, "--output", "json")
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)["services"][0]


def test_a_whole_life(stage, etcd, serve):
    server, port = serve("py"), free_port()
    door = stage.own / "admin"

    def service(listen, **more):
        return descriptor(etcd, server.port, probe={"interval": "200ms"}, admin={"listen": listen}, **more)

    config = stage.write("service.yaml", service(f"127.0.0.1:{port}"))
    reading = stage.write("reader.yaml", reader(
        etcd, {NAME: [stage.own / "out.json", stage.folder / "not-here.json", "/etc/not-here.json"]}))
    agent = Anybody(stage, config, reading)
    try:
        agent.wait_log("Service registered")
        seen = facts(agent.child.pid)
        assert seen["Uid"].split() == [str(ANYBODY)] * 4
        assert {int(seen[each], 16) for each in ("CapEff", "CapPrm", "CapBnd", "CapInh")} == {0}
        assert seen["NoNewPrivs"].strip() == "1"
        mounts = pathlib.Path(f"/proc/{agent.child.pid}/mountinfo").read_text().splitlines()
        (root,) = [row.split()[5].split(",") for row in mounts if row.split()[4] == "/"]
        assert "ro" in root

        # What cannot be written is said, and keeps nothing else.
        for place in (stage.folder, pathlib.Path("/etc")):
            agent.wait_log(f"output needs attention .*{place}/not-here.json.*: "
                           "(Read-only file system|Permission denied)")
        until(lambda: (stage.own / "out.json").exists())
        until(lambda: json.loads((stage.own / "out.json").read_text())["instances"])

        assert status(stage, f"127.0.0.1:{port}")["listed"]
        server.status("NOT_SERVING")
        agent.wait_log("Service deregistered")
        assert key_of(server.port) not in etcd.get()
        server.status("SERVING")
        until(lambda: key_of(server.port) in etcd.get())

        stage.write("service.yaml", service(f"unix:{door}", service={"metadata": "{version: 2}"}))
        agent.signal(signal.SIGHUP)
        until(lambda: b'"version":2' in etcd.get().get(key_of(server.port), (b"", 0))[0])
        until(door.exists)
        until(lambda: status(stage, f"unix:{door}")["listed"])

        agent.stop()
        assert etcd.get() == {}
        assert sorted(each.name for each in stage.own.iterdir()) == ["out.json"]
    finally:
        agent.close()


def test_what_it_may_not_read_is_said(stage, etcd):
    config = stage.write("service.yaml", descriptor(etcd, 1))
    config.chmod(0o000)
    if IS_ROOT:
        done = stage.run("--config", config)
        assert done.returncode == 78 and "cannot be read: Permission denied" in done.stderr
    config.chmod(0o644)
    admin = stage.write("admin.yaml", descriptor(etcd, 1, admin={"listen": f"unix:{stage.folder}/door"}))
    done = stage.run("--config", admin)
    assert done.returncode not in (0, 78)
    assert f"{stage.folder}/door: " in done.stderr
    assert "Read-only file system" in done.stderr or "Permission denied" in done.stderr
    done = stage.run("check", "--config", config)
    assert done.returncode == 0, done.stderr
