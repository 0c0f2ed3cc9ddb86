# SPDX-License-Identifier: Apache-2.0
"""No process and no thread may be started: nothing is concluded from that, and it ends when that ends.

The limit of processes does not bind root: who is root has the agent run as somebody else.
"""

import functools
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import tempfile

import pytest
from limits import Busy
from watched import QUICK

from lib.agent import BINARY, Agent
from lib.descriptor import NAME, descriptor, key_of
from lib.outputs import reader_to, register, until, words
from lib.proxy import TcpProxy

TTL = 6
NOTHING_LEFT = f"warn  cannot probe service={NAME} reason=NO_RESOURCES"
SOMEBODY = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"]
# An address that is none by its looks, so it is asked for; it needs no name server.
LIKE_A_NAME = "0x7f.1"


@functools.cache
def bound():
    """The words before a program that have it bound by the limit; None where nobody is."""
    for within in ([], SOMEBODY):
        tried = subprocess.run(
            [*within, "prlimit", "--nproc=0:0", "sh", "-c", "(true); exit 3"], capture_output=True, check=False
        )
        if tried.returncode == 2:  # the shell's own, when it cannot fork
            return within
    return None


class Bound(Agent):
    """Without a process or a thread from the start on, or while it is told so."""

    def __init__(self, folder, configs, forbidden):
        self.binary = folder / "svc-agent"
        shutil.copy(BINARY, self.binary)
        self.limit = ["prlimit", "--nproc=0:"] if forbidden else []
        super().__init__(configs)

    def start(self):
        self.argv = [*bound(), *self.limit, *self.argv]
        super().start()

    def _set(self, limits):
        # By its own user, who may do that without any right.
        argv = [*bound(), "prlimit", f"--pid={self.child.pid}", f"--nproc={limits}"]
        subprocess.run(argv, check=True)

    def forbid(self):
        self._set("0:")

    def allow(self):
        _, hard = resource.prlimit(0, resource.RLIMIT_NPROC)
        self._set(f"{hard if hard != resource.RLIM_INFINITY else 'unlimited'}:")


@pytest.fixture
def tmp_path():
    """Whoever the agent is may read and write there."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="svc-processes-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start(tmp_path, etcds, serve, closing, write):
    if bound() is None:
        pytest.skip("the limit of processes binds nobody here: run this as a user, or as root who may become one")
    made = []

    def begin(*texts, forbidden=False):
        made.append(Bound(tmp_path, [write(text) for text in texts], forbidden))
        return made[-1]

    yield begin
    for each in made:
        if each.running:
            each.allow()
    complaints = [complaint for each in made for complaint in each.close()]
    assert not complaints, complaints


@pytest.fixture
def sign(tmp_path):
    path = tmp_path / "healthy"
    path.touch()
    return path


def watched_by_command(etcd, sign):
    probe = {"type": "exec", "command": words("test", "-e", sign), **QUICK}
    return descriptor(etcd, 1, probe=probe, register={"ttl": f"{TTL}s"})


def test_a_healthy_service_stays_listed(start, etcd, sign):
    key, watch = key_of(1), etcd.watch()
    agent = start(watched_by_command(etcd, sign))
    watch.put(key)
    agent.forbid()
    agent.wait_log(f'{NOTHING_LEFT} .*"test cannot be run: Resource temporarily unavailable')
    busy = Busy(agent)
    etcd.outlast(TTL)
    assert busy.share() < 0.8
    watch.nothing_more(key)
    assert agent.log.count("cannot probe") == 1
    agent.allow()
    sign.unlink()
    watch.gone(key)
    sign.touch()
    watch.put(key)


def test_one_that_went_down_meanwhile_is_seen_when_it_can_be(start, etcd, sign):
    key, watch = key_of(1), etcd.watch()
    agent = start(watched_by_command(etcd, sign))
    watch.put(key)
    agent.forbid()
    agent.wait_log(NOTHING_LEFT)
    sign.unlink()
    agent.allow()
    watch.gone(key)


def test_a_start(start, etcd, sign):
    """Nobody is listed whose command was never run."""
    watch = etcd.watch()
    agent = start(watched_by_command(etcd, sign), forbidden=True)
    agent.wait_log(NOTHING_LEFT)
    etcd.outlast(TTL)
    watch.nothing_more(key_of(1))
    agent.allow()
    watch.put(key_of(1))
    assert agent.log.count("cannot probe") == 1


@pytest.mark.parametrize("kind", ["exec", "nginx"])
def test_a_command_of_an_output_is_run_when_it_can_be(kind, start, etcd, tmp_path):
    runs, upstream = tmp_path / "runs", tmp_path / "upstream.conf"
    command = words("sh", "-c", f"echo >>{runs}")
    output = {"exec": {"command": command}, "nginx": {"path": upstream, "reload": command}}[kind]
    register(etcd, 1)
    agent = start(reader_to(etcd, {"type": kind, **output}, settle="10ms"))

    def count():
        return len(runs.read_text()) if runs.exists() else 0

    until(lambda: count() == 1)
    agent.forbid()
    register(etcd, 2)
    agent.wait_log("warn  an output needs attention .*cannot be run: Resource temporarily unavailable")
    etcd.outlast(TTL)
    assert count() == 1
    assert agent.log.count("an output needs attention") == 1
    assert kind == "exec" or ":2 weight" in upstream.read_text()  # what can be done is done
    agent.allow()
    until(lambda: count() == 2)
    agent.wait_log("info  an output works again")
    register(etcd, 3)
    until(lambda: count() == 3)


def test_a_name_is_looked_up_when_it_can_be(start, etcd, serve, closing):
    """Whoever needs none is undisturbed; as long as the connection lasts nobody does."""
    server, way = serve(), closing(TcpProxy(etcd.port))
    named, addressed = (key_of(server.port, name) for name in ("named", "addressed"))
    watch = etcd.watch()
    quick = {"register": {"ttl": f"{TTL}s"}, "probe": QUICK}
    agent = start(
        descriptor(f"['{LIKE_A_NAME}:{way.port}']", server.port, "named", **quick),
        descriptor(etcd, server.port, "addressed", **quick),
    )
    watch.put(named)
    watch.put(addressed)
    agent.forbid()
    etcd.outlast(TTL)
    watch.nothing_more(named)
    since = len(agent.log.lines)
    way.end_connections()
    agent.wait_log(f"cannot renew the lease yet.*{LIKE_A_NAME}.* cannot be looked up: the agent is out of")
    watch.gone(named, timeout=60)
    watch.nothing_more(addressed)
    said = "\n".join(agent.log.lines[since:])
    tries = [int(n) for n in re.findall(r"cannot renew .* service=named tries=(\d+) ", said)]
    assert tries == [1, 2, 4, 8, 16, 32][: len(tries)]
    agent.allow()
    watch.put(named, timeout=60)
    watch.nothing_more(addressed)
    assert json.loads(etcd.get(named)[named][0])["port"] == server.port
