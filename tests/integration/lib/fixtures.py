# SPDX-License-Identifier: Apache-2.0
"""Fixtures: factories for etcd, servers and agents, each of which cleans up after itself."""

import itertools

import pytest

from lib.agent import Agent
from lib.descriptor import NAME, descriptor
from lib.document import Document
from lib.etcd import Etcd, cluster_of, start_cluster
from lib.reader import reader
from lib.servers import Server


@pytest.fixture
def etcds(tmp_path):
    """Makes etcds, or a whole cluster with cluster=True; not started unless a cluster."""
    made = []

    def make(name="alone", cluster=False):
        found = cluster_of(tmp_path) if cluster else [Etcd(tmp_path, name)]
        made.extend(found)  # first: whatever happens next, they are ended
        if not cluster:
            return found[0]
        start_cluster(found)
        return found

    yield make
    for etcd in made:
        etcd.stop()


@pytest.fixture
def etcd(etcds):
    """A private etcd, ready and empty."""
    return etcds().start()


@pytest.fixture
def serve():
    """Starts a server: serve("go", health="none"). See lib/servers.py."""
    made = []

    def start(kind="go", **options):
        server = Server(kind, **options)
        made.append(server)
        return server.start()

    yield start
    for server in made:
        server.kill()


@pytest.fixture
def closing():
    """Closes what it is given at the end: closing(TcpProxy(port))."""
    made = []

    def note(thing):
        made.append(thing)
        return thing

    yield note
    for thing in made:
        thing.close()


@pytest.fixture
def write(tmp_path):
    """Writes a file into the test's folder and returns its path."""
    numbers = itertools.count(1)

    def write_file(text, name=None):
        path = tmp_path / (name or f"service{next(numbers)}.yaml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write_file


@pytest.fixture
def agent(etcds, serve, closing, write):
    """Starts agents from descriptor texts; stops them before all they depend on.

    At the end each must exit 0 at SIGTERM, unless the test has seen its end itself, and no
    sanitizer may have reported, whatever the test was about.
    """
    made = []

    def start(*texts, configs=(), env=None, nofile=None):
        agent = Agent([*(write(text) for text in texts), *configs], env, nofile)
        made.append(agent)
        return agent

    yield start
    complaints = [complaint for agent in made for complaint in agent.close()]
    assert not complaints, complaints


@pytest.fixture
def sidecar(agent, etcd):
    """Starts an agent for one server on the test's etcd: sidecar(server, probe={...})."""

    def start(server, **sections):
        return agent(descriptor(etcd, server.port, **sections))

    return start


@pytest.fixture
def document(tmp_path, closing):
    """The json document of a service, whether it is there yet or not."""
    return lambda name=NAME: closing(Document(tmp_path / "outputs" / f"{name}.json"))


@pytest.fixture
def follow(agent, document):
    """Starts a reader of one service: follow(etcd, discover={...}) gives (agent, document).

    It has to hear of changes by its watch, however long that takes: an audit that has found what the watch
    has missed fails the test, but where `audited` says that it may.
    """
    heard = []

    def start(endpoints, name=NAME, env=None, audited=False, **sections):
        written = document(name)
        follower = agent(reader(endpoints, {name: written.path}, **sections), env=env)
        if not audited:
            heard.append(follower)
        return follower, written

    yield start
    for follower in heard:
        assert not follower.log.count("a watch has missed changes"), "a watch has missed changes"
