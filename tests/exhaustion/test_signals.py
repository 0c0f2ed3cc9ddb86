# SPDX-License-Identifier: Apache-2.0
"""Signals in numbers, wanted and unwanted: an agent that is stopped and started, asked to reload, or hit."""

import os
import pathlib
import random
import signal
import time

import pytest

from lib.descriptor import descriptor, key_of
from lib.outputs import until

TTL = 6
SEED = int(os.environ.get("SVC_SEED", "7"))
UNWANTED = (signal.SIGPIPE, signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT,
            signal.SIGURG, signal.SIGWINCH)  # fmt: skip


@pytest.fixture
def listed(serve, sidecar, etcd):
    """(agent, server, key, watch) of a registered service."""
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    probe = {"interval": "200ms", "timeout": "10s", "failure_threshold": 5}
    agent = sidecar(server, register={"ttl": f"{TTL}s"}, probe=probe)
    watch.put(key)
    agent.wait_log("Service registered")
    return agent, server, key, watch


def follows(server, key, watch):
    """It still looks after its service."""
    server.status("NOT_SERVING")
    watch.gone(key)
    server.status("SERVING")
    watch.put(key)


def test_what_is_not_meant_for_it_ends_nothing(listed, etcd):
    agent, server, key, watch = listed
    said = len(agent.log.lines)
    for _ in range(200):
        for number in UNWANTED:
            agent.signal(number)
    etcd.outlast(TTL)
    watch.nothing_more(key)
    assert agent.log.lines[said:] == []
    follows(server, key, watch)


def test_many_short_stops_within_the_ttl(listed, etcd):
    agent, server, key, watch = listed
    draw = random.Random(SEED)
    for _ in range(150):
        agent.pause()
        time.sleep(draw.uniform(0, 0.01))
        agent.resume()
        time.sleep(draw.uniform(0, 0.01))
    etcd.outlast(TTL)
    watch.nothing_more(key)
    follows(server, key, watch)


def test_stops_beyond_the_ttl_in_a_row(listed, etcd):
    agent, server, key, watch = listed
    for _ in range(3):
        agent.pause()
        watch.gone(key)
        agent.resume()
        watch.put(key)
    etcd.outlast(TTL)
    watch.nothing_more(key)
    until(lambda: len(etcd.leases()) == 1)
    follows(server, key, watch)


def test_it_is_stopped_while_the_service_goes(listed, etcd):
    """Each time it runs it has to see what is now, not what was."""
    agent, server, key, watch = listed
    draw = random.Random(SEED)
    for _ in range(5):
        agent.pause()
        server.status("NOT_SERVING")
        time.sleep(draw.uniform(0, 0.2))
        agent.resume()
        watch.gone(key)
        agent.pause()
        server.status("SERVING")
        time.sleep(draw.uniform(0, 0.2))
        agent.resume()
        watch.put(key)
    etcd.outlast(TTL)
    watch.nothing_more(key)


def test_a_storm_of_reloads_keeps_what_is_listed(serve, agent, etcd, write):
    server = serve()
    text = descriptor(etcd, server.port, register={"ttl": f"{TTL}s"})
    path = write(text)
    key, watch = key_of(server.port), etcd.watch()
    sidecar = agent(configs=[path])
    watch.put(key)
    sidecar.wait_log("Service registered")
    for number in range(300):
        path.write_text(text if number % 7 else "service: {")
        sidecar.signal(signal.SIGHUP)
    path.write_text(text)
    since = len(sidecar.log.lines)
    sidecar.signal(signal.SIGHUP)
    sidecar.wait_log("read the descriptors again unchanged=1", since=since)
    etcd.outlast(TTL)
    watch.nothing_more(key)
    follows(server, key, watch)


def test_an_end_in_the_middle_of_a_storm(listed, etcd):
    """What it is told to read after that it takes no more: nothing is registered anew."""
    agent, _, key, watch = listed
    path = pathlib.Path(agent.argv[-1])
    for _ in range(50):
        agent.signal(signal.SIGHUP)
        agent.pause()
        agent.resume()
    etcd.pause()  # so that it takes a while
    agent.terminate()
    _, since = agent.log.wait("withdrawing")
    path.write_text(path.read_text().replace("host: localhost", "host: 127.0.0.1"))
    for _ in range(50):
        agent.signal(signal.SIGHUP)
        agent.signal(signal.SIGUSR1)
    etcd.resume()
    assert agent.wait_exit() == 0
    watch.gone(key)
    until(lambda: etcd.leases() == [])
    assert not agent.log.find("read the descriptors again", since)
    assert etcd.get() == {}
