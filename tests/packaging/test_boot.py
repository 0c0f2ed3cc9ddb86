# SPDX-License-Identifier: Apache-2.0
"""The package in a system that systemd runs: tests/packaging/run makes it and says where it is.

The system has a file tree and processes of its own, but the network of this machine: etcd and the
services are those of the integration tests. The tests are steps of one life, in this order.
"""

import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from lib.etcd import Etcd
from lib.process import Process
from lib.servers import Server

SYSTEM = pathlib.Path(os.environ["SVC_SYSTEM"])
ETC = SYSTEM / "etc/svc-agent"
DROP_INS = SYSTEM / "etc/systemd/system"
EXAMPLES = SYSTEM / "usr/share/doc/svc-agent/examples/systemd"
UNIT, TEMPLATE = "svc-agent.service", "svc-agent@.service"


def eventually(claim, what, patience=30):
    """Asks again and again until it is so; the bound decides nothing else."""
    end = time.monotonic() + patience
    while True:
        found = claim()
        if found:
            return found
        assert time.monotonic() < end, f"not so after {patience} s: {what}"
        time.sleep(0.05)


class System(Process):
    """The booted system. Commands run in it through nsenter, with nothing of this environment."""

    def __init__(self):
        argv = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--console=pipe"]
        argv += ["--link-journal=no", "--resolv-conf=off", "--boot", "-D", SYSTEM]
        env = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
        self.spawn(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)  # fmt: skip
        self.first = None
        eventually(self._up, "the system is up", 60)

    def _init(self):
        """The first process: the one whose parent is nspawn and that has its root there."""
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                parent = re.search(r"PPid:\s+(\d+)", (entry / "status").read_text())
                if int(parent[1]) == self.child.pid and (entry / "comm").read_text() == "systemd\n":
                    return int(entry.name)
            except OSError:
                continue  # it has ended
        return None

    def _up(self):
        self.first = self._init()
        return self.first and "running" in self.run("systemctl", "is-system-running", ok=None)

    def run(self, *words, ok=True):
        """What it says. `ok`: it must end well, or must not; None: either."""
        root = f"/proc/{self.first}/root"
        argv = ["nsenter", f"--target={self.first}", "-m", "-p", "-i", "-u", "-C"]
        argv += [f"--root={root}", f"--wd={root}", "env", "-i"]
        argv += ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", *words]
        done = subprocess.run(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        print(f"$ {' '.join(words)} -> {done.returncode}\n{done.stdout}")
        assert ok is None or (done.returncode == 0) == ok
        return done.stdout.strip()

    def systemctl(self, *words, ok=True):
        return self.run("systemctl", *words, ok=ok)

    def show(self, unit, name):
        return self.systemctl("show", "--value", f"--property={name}", unit)

    def log(self, unit):
        return self.run("journalctl", "--no-pager", "--output=cat", f"--unit={unit}")

    def main_process(self, unit):
        """The id in the system, and what its status says."""
        pid = int(self.show(unit, "MainPID"))
        text = self.run("cat", f"/proc/{pid}/status")
        return pid, dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def snapshot():
    """All files of the system that are not a program's own notes, and who is known."""
    own = re.compile(
        r"(proc|sys|dev|run|tmp|root)/|var/(log|cache|tmp|lib/(dpkg|apt|systemd))/"
        r"|etc/(\.pwd\.lock|g?shadow-?|passwd-|group-|machine-id|\.updated)$|var/\.updated$"
    )
    found = set()
    for path in SYSTEM.rglob("*"):
        name = str(path.relative_to(SYSTEM))
        if not own.match(name):
            found.add(name)
    users = [(SYSTEM / "etc" / name).read_text() for name in ("passwd", "group")]
    helper = SYSTEM / "var/lib/systemd"
    notes = {str(path) for path in helper.rglob("*svc-agent*")} if helper.exists() else set()
    return found, users, notes


@pytest.fixture(scope="module")
def system():
    made = System()
    yield made
    made.signal(signal.SIGTERM)
    try:
        made.child.wait(30)
    finally:
        made.kill()


@pytest.fixture(scope="module")
def before(system):
    return snapshot()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    made = Etcd(tmp_path_factory.mktemp("etcd")).start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def servers():
    made = [Server("py").start() for _ in range(2)]
    yield made
    for server in made:
        server.kill()


def describe(store, server, name, **more):
    sections = {
        "service": f"{{name: {name}, port: {server.port}}}",
        "etcd": f"{{endpoints: '{store.endpoint}'}}",
        **more,
    }
    (ETC / f"{name}.yaml").write_text("".join(f"{k}: {v}\n" for k, v in sections.items()))


def listed(store):
    return sorted(key.split("/")[2] for key in store.get())


def test_an_installation_starts_nothing(system, before):
    assert before[2] == set()
    system.run("apt-get", "install", "--yes", "--no-install-recommends", "/svc-agent.deb")
    assert system.systemctl("is-enabled", UNIT, ok=False) == "disabled"
    assert system.systemctl("is-active", UNIT, ok=False) == "inactive"
    assert list(ETC.iterdir()) == []
    # Without a descriptor there is nothing to run, and nothing that fails.
    system.systemctl("start", UNIT)
    assert system.systemctl("is-active", UNIT, ok=False) == "inactive"
    assert system.systemctl("is-failed", UNIT, ok=False) == "inactive"


@pytest.mark.parametrize("unit", [UNIT, "svc-agent@coupon.service"])
def test_the_units_are_right_and_closed(system, unit):
    assert system.run("systemd-analyze", "verify", "--man=no", unit) == ""
    system.run("systemd-analyze", "security", "--offline=true", "--threshold=15", unit)


def test_the_unit_runs_all_descriptors(system, store, servers):
    admin = "{listen: 'unix:/run/svc-agent/admin.sock'}"
    describe(store, servers[0], "coupon", admin=admin)
    system.systemctl("start", UNIT)  # returns when the agent has said that it is ready
    assert system.show(UNIT, "ActiveState") == "active"
    eventually(lambda: listed(store) == ["coupon"], "coupon is listed")
    eventually(lambda: "1 of 1" in system.show(UNIT, "StatusText"), "systemd knows it")
    _, status = system.main_process(UNIT)
    assert "0" not in status["Uid"].split()
    assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert "coupon" in system.run("svc-agent", "status")


def test_a_reload_reads_the_folder_again(system, store, servers):
    pid, _ = system.main_process(UNIT)
    describe(store, servers[1], "point")
    system.systemctl("reload", UNIT)
    eventually(lambda: listed(store) == ["coupon", "point"], "both are listed")
    assert system.main_process(UNIT)[0] == pid


def test_drain_and_resume(system, store):
    system.run("svc-agent", "drain", "--wait", "coupon")
    assert listed(store) == ["point"]
    system.run("svc-agent", "resume", "coupon")
    eventually(lambda: listed(store) == ["coupon", "point"], "both are listed")


def test_an_agent_that_was_killed_is_back_before_its_keys_go(system, store):
    leases = store.leases()
    system.systemctl("kill", "--signal=KILL", UNIT)
    eventually(lambda: system.show(UNIT, "NRestarts") == "1", "it was started again")
    eventually(lambda: "taken_over_from" in system.log(UNIT), "it has its keys again")
    assert listed(store) == ["coupon", "point"]
    assert store.leases() != leases


def test_an_agent_that_hangs_is_started_again(system, store):
    folder = DROP_INS / f"{UNIT}.d"
    folder.mkdir()
    (folder / "quick.conf").write_text("[Service]\nWatchdogSec=2s\n")
    system.systemctl("daemon-reload")
    system.systemctl("restart", UNIT)
    eventually(lambda: listed(store) == ["coupon", "point"], "both are listed")
    count = system.show(UNIT, "NRestarts")
    system.systemctl("kill", "--signal=STOP", UNIT)
    eventually(lambda: system.show(UNIT, "NRestarts") != count, "the watchdog has seen it")
    eventually(lambda: "watchdog" in system.log(UNIT), "and said so")
    eventually(lambda: system.show(UNIT, "ActiveState") == "active", "it runs")


def test_an_upgrade_leaves_it_alone_and_says_so(system):
    pid, _ = system.main_process(UNIT)
    said = system.run("dpkg", "--install", "/svc-agent.deb")
    assert f"systemctl restart {UNIT}" in said
    assert system.main_process(UNIT)[0] == pid


def test_a_stop_withdraws(system, store):
    system.systemctl("stop", UNIT)
    assert listed(store) == []
    assert system.show(UNIT, "Result") == "success"


def test_an_agent_of_its_own_with_a_secret(system, store, servers):
    """The template, the example for credentials, and no user but one of the moment."""
    unit = "svc-agent@secret.service"
    etcd = (
        f"{{endpoints: '{store.endpoint}', username: a,"
        " password_file: '${CREDENTIALS_DIRECTORY}/etcd-password'}"
    )
    describe(store, servers[0], "secret", etcd=etcd)
    for name in ("etcd-password", "etcd-client.key"):
        (ETC / name).write_text("secret")
        (ETC / name).chmod(0o600)
    folder = DROP_INS / f"{unit}.d"
    folder.mkdir()
    (folder / "credentials.conf").write_text((EXAMPLES / "credentials.conf").read_text())
    system.run("userdel", "svc-agent")
    system.systemctl("daemon-reload")
    system.systemctl("start", unit)
    eventually(lambda: listed(store) == ["secret"], "it is listed")
    assert int(system.main_process(unit)[1]["Uid"].split()[0]) > 60000
    system.systemctl("stop", unit)
    system.run("systemd-sysusers")


def test_a_reader_keeps_its_files_while_it_restarts(system, store):
    """The example for readers: files that everybody can read, and that stay."""
    unit = "svc-agent@gateway.service"
    output = "[{type: json, path: /run/svc-agent-gateway/coupon.json}]"
    (ETC / "gateway.yaml").write_text(
        f"discover: {{services: [{{name: coupon, outputs: {output}}}]}}\n"
        f"etcd: {{endpoints: '{store.endpoint}'}}\n"
    )
    folder = DROP_INS / f"{unit}.d"
    folder.mkdir()
    (folder / "reader.conf").write_text((EXAMPLES / "reader.conf").read_text())
    system.systemctl("daemon-reload")
    system.systemctl("start", unit)
    file = "/run/svc-agent-gateway/coupon.json"
    eventually(lambda: system.run("ls", file, ok=None) == file, "it is written")
    assert system.run("stat", "--format=%a %U", file) == "644 svc-agent"
    system.systemctl("restart", unit)
    eventually(lambda: "going on from what was published" in system.log(unit), "it was there")


def test_all_examples_are_right(system):
    """Each as a drop-in of the template: systemd has nothing to say."""
    for example in sorted(EXAMPLES.iterdir()):
        name = example.stem
        folder = DROP_INS / f"svc-agent@{name}.service.d"
        folder.mkdir(exist_ok=True)
        (folder / example.name).write_text(example.read_text())
        assert system.run("systemd-analyze", "verify", "--man=no", f"svc-agent@{name}.service") == ""


def test_a_removal_withdraws_and_keeps_settings(system, store):
    (ETC / "secret.yaml").unlink()  # which this unit has no credentials for
    system.systemctl("enable", "svc-agent@coupon")
    system.systemctl("enable", "--now", UNIT)
    eventually(lambda: "coupon" in listed(store), "it is listed")
    system.run("dpkg", "--remove", "svc-agent")
    assert listed(store) == []
    assert (ETC / "coupon.yaml").exists()
    assert not (SYSTEM / "usr/bin/svc-agent").exists()


def test_a_purge_leaves_nothing(system, before):
    system.run("dpkg", "--purge", "svc-agent")
    after = snapshot()
    assert after[0] ^ before[0] == set()
    assert after[1:] == before[1:]
    assert system.run("sh", "-c", "ls -d /run/svc-agent*", ok=False)
    assert "svc-agent" not in system.systemctl("list-unit-files", "--no-pager")
