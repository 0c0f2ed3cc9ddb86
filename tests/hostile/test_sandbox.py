# SPDX-License-Identifier: Apache-2.0
"""What the agent may ask of the kernel: whole lives in which nothing else is asked, and an intruder."""

import os
import pathlib
import re
import signal
import subprocess

import pytest

from lib.agent import Agent, environment
from lib.certs import Authority
from lib.descriptor import NAME, descriptor, key_of
from lib.dns import NameServer, asking
from lib.haproxy import HAProxy
from lib.outputs import reader_to, register, until, words
from lib.ports import free_port
from lib.users import add_agent, switch_on

PROGRAM = pathlib.Path(os.environ.get("SVC_PACKAGE", ".")) / "svc-agent"
INTRUDER = pathlib.Path(__file__).with_name("intruder.c")
RELOADED = "read the descriptors again"
REFUSED = "cannot take the new descriptors, nothing changed: there are commands to run"
EXEC = {"probe": {"type": "exec", "command": "[/bin/true]"}}


class Strict(Agent):
    """The agent of the package, which the first call that it does not need kills."""

    binary, words = PROGRAM, ("--seccomp", "kill")
    end = 0  # how it is to exit

    def reload(self, line=RELOADED):
        said = len(self.log.lines)
        self.signal(signal.SIGHUP)
        self.log.wait(line, since=said)

    def status(self):
        """What the kernel says of it."""
        text = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return dict(line.split(":\t", 1) for line in text.splitlines())


class Usual(Strict):
    words = ()


@pytest.fixture
def started(etcds, serve, closing, write):
    """Starts an agent of one of these kinds; at the end each exits with 0 at SIGTERM."""
    made = []

    def start(*texts, kind=Strict, env=None):
        made.append(kind([write(text) for text in texts], env))
        return made[-1]

    yield start
    complaints = [complaint for agent in made for complaint in agent.close()]
    complaints += [agent.log.text() for agent in made if agent.child.returncode != agent.end]
    assert not complaints, complaints


# ---- lives ------------------------------------------------------------------------------------


def is_filtered(agent):
    status = agent.status()
    return status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"


def ask(address, path, *options):
    where = ["--unix-socket", address[5:]] if address.startswith("unix:") else []
    host = "localhost" if where else address
    return subprocess.run(
        ["curl", "-sSf", "--max-time", "30", *where, *options, f"http://{host}{path}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


@pytest.mark.parametrize("where", ["unix", "tcp"])
def test_registering(started, etcd, serve, tmp_path, where):
    """A library is loaded by the reload; the admin is moved, asked, and told to drain."""
    server, watch, config = serve(), etcd.watch(), tmp_path / "service1.yaml"
    first, second = (
        f"unix:{tmp_path}/{name}.sock" if where == "unix" else f"127.0.0.1:{free_port()}"
        for name in ("a", "b")
    )
    agent = started(descriptor(etcd, server.port, admin={"listen": f"'{first}'"}))
    watch.put(key_of(server.port))
    assert is_filtered(agent)
    assert "svc_agent_health" in ask(first, "/metrics")
    probe = {"type": "http", "path": "/"}
    config.write_text(descriptor(etcd, server.port, admin={"listen": f"'{second}'"}, probe=probe))
    agent.reload()
    agent.wait_health("unknown -> down", reason="NOT_HTTP")
    assert NAME in ask(second, "/status")
    config.write_text(
        descriptor(etcd, server.port, admin={"listen": f"'{second}'"}, probe={"type": "tcp"})
    )
    agent.reload()
    watch.gone(key_of(server.port))
    watch.put(key_of(server.port))
    ask(second, "/drain", "-X", "POST")
    watch.gone(key_of(server.port))


def test_names_and_tls_and_a_user(started, etcds, closing, tmp_path, serve, write):
    authority = Authority(tmp_path)
    etcd = etcds().secure(authority.issue("etcd", hosts=["etcd.example"]), authority.cert).start()
    names = closing(NameServer({"etcd.example": ["127.0.0.1"]}))
    client, server = authority.issue("client"), serve()
    password = write("secret\n", "password")
    add_agent(etcd, password)
    switch_on(etcd)
    watch = etcd.watch()
    tls = f"{{ca_file: {authority.cert}, cert_file: {client.cert}, key_file: {client.key}}}"
    agent = started(
        descriptor(
            f"['https://etcd.example:{etcd.tls_port}']", server.port,
            etcd={"tls": tls, "username": "coupon-agent", "password_file": password},
        ),
        kind=asking(names, tmp_path, Strict),
    )  # fmt: skip
    watch.put(key_of(server.port))
    assert is_filtered(agent)
    assert "etcd.example" in names.asked


def test_reading(started, etcd, closing, tmp_path):
    proxy = closing(HAProxy(tmp_path, "server-template s 3 127.0.0.1:1 proto h2 disabled").start())
    written, upstream = tmp_path / "a.json", tmp_path / "a.conf"
    agent = started(
        reader_to(
            etcd, {"type": "json", "path": written}, {"type": "nginx", "path": upstream},
            {"type": "envoy", "path": tmp_path / "eds.json"},
            {"type": "haproxy", "socket": proxy.socket, "backend": "coupon"},
        )
    )  # fmt: skip
    register(etcd, 1234)
    until(lambda: 1234 in proxy.serving())
    for file in (written, upstream, tmp_path / "eds.json"):
        until(lambda file=file: file.exists() and "1234" in file.read_text())
    assert is_filtered(agent)


def test_commands(started, etcd, tmp_path, serve):
    """A probe, an output and a reload of nginx by commands, all of them within the filter."""
    watch, said, server = etcd.watch(), tmp_path / "said", serve()
    agent = started(
        descriptor(etcd, server.port, probe={"type": "exec", "command": "[/bin/sh, -c, ':']"}),
        reader_to(
            etcd, {"type": "exec", "command": words("/bin/sh", "-c", f"cat > {said}")},
            {"type": "nginx", "path": tmp_path / "a.conf", "reload": words("/bin/true")},
        ),
    )  # fmt: skip
    watch.put(key_of(server.port))
    until(lambda: said.exists() and str(server.port) in said.read_text())
    assert is_filtered(agent)


# ---- what a reload cannot have ------------------------------------------------------------------


def test_a_reload_that_begins_to_run_commands(started, etcd, serve, tmp_path):
    server, watch, config = serve(), etcd.watch(), tmp_path / "service1.yaml"
    good = descriptor(etcd, server.port)
    agent = started(good, kind=Usual)
    watch.put(key_of(server.port))
    for text in (
        descriptor(etcd, server.port, **EXEC),
        reader_to(etcd, {"type": "exec", "command": "[/bin/true]"}),
        reader_to(etcd, {"type": "nginx", "path": tmp_path / "a", "reload": "[/bin/true]"}),
    ):
        config.write_text(text)
        agent.reload(REFUSED + ".*restart")
    config.write_text(good)
    agent.reload()
    watch.nothing_more(key_of(server.port))


def test_commands_may_go_and_come_where_they_were(started, etcd, serve, tmp_path):
    server, watch, config = serve(), etcd.watch(), tmp_path / "service1.yaml"
    agent = started(descriptor(etcd, server.port, **EXEC), kind=Usual)
    watch.put(key_of(server.port))
    config.write_text(descriptor(etcd, server.port))
    agent.reload()
    agent.wait_health("unknown -> up", reason="SERVING")
    config.write_text(descriptor(etcd, server.port, **EXEC))
    agent.reload()


# ---- without a filter ---------------------------------------------------------------------------


@pytest.fixture
def broken(tmp_path):
    """An environment in which libseccomp cannot be loaded."""
    soname = re.search(rb'"soname":\["(libseccomp\.so[^"]*)"', PROGRAM.read_bytes())[1].decode()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / soname).write_text("no library")
    return {"LD_LIBRARY_PATH": str(tmp_path / "broken")}


def test_no_filter_can_be_had(started, etcd, serve, broken, write):
    server, watch = serve(), etcd.watch()
    agent = started(descriptor(etcd, server.port), kind=Usual, env=broken)
    agent.wait_log("system calls are not filtered: --seccomp needs libseccomp")
    watch.put(key_of(server.port))
    assert agent.status()["Seccomp"] == "0"
    assert agent.status()["NoNewPrivs"] == "1"
    config = write(descriptor(etcd, server.port))
    ran = subprocess.run(
        [PROGRAM, "--config", config, "--seccomp", "kill"],
        env=environment(broken), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.returncode == 70
    assert "svc-agent: --seccomp needs libseccomp" in ran.stderr


def test_off(started, etcd, serve):
    class Off(Strict):
        words = ("--seccomp", "off")

    server, watch = serve(), etcd.watch()
    agent = started(descriptor(etcd, server.port), kind=Off)
    watch.put(key_of(server.port))
    assert agent.status()["Seccomp"] == "0"


# ---- an intruder --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def intruder(tmp_path_factory):
    built = tmp_path_factory.mktemp("intruder") / "intruder.so"
    subprocess.run(
        ["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", built, INTRUDER], check=True
    )
    return str(built)


def intrude(start, intruder, act, kind, text):
    """An agent that listens to signals, and so has started, in which that is tried."""
    agent = start(text, kind=kind, env={"LD_PRELOAD": intruder, "INTRUDER": act})
    agent.wait_log("etcd client initialized")
    agent.signal(signal.SIGRTMIN)
    return agent


NOWHERE = descriptor("[127.0.0.1:1]", 1)
NOWHERE_EXEC = descriptor("[127.0.0.1:1]", 1, **EXEC)


@pytest.mark.parametrize("act", ["execve", "fork", "ptrace", "kill", "packet", "code", "mount"])
def test_an_intruder_can_do_nothing(started, intruder, act):
    agent = intrude(started, intruder, act, Usual, NOWHERE)
    agent.wait_log(f"intruder: {act} ENOSYS")


@pytest.mark.parametrize("act", ["execve", "code"])
def test_an_intruder_is_the_end(started, intruder, act):
    agent = intrude(started, intruder, act, Strict, NOWHERE)
    agent.end = -signal.SIGSYS
    assert agent.wait_exit() == agent.end
    assert "intruder:" not in agent.log.text()


@pytest.mark.parametrize("act", ["ptrace", "mount"])
def test_an_intruder_where_there_are_commands(started, intruder, act):
    agent = intrude(started, intruder, act, Usual, NOWHERE_EXEC)
    agent.wait_log(f"intruder: {act} EPERM")


def test_an_intruder_without_a_filter(started, intruder):
    """So that it is the filter that the others meet."""

    class Off(Strict):
        words = ("--seccomp", "off")

    agent = intrude(started, intruder, "code", Off, NOWHERE)
    agent.wait_log("intruder: code did it")
