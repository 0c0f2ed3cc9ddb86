# SPDX-License-Identifier: Apache-2.0
"""What an etcd that lies can make an agent take: judged on the release agent, beside /healthz.

While it is read, a message takes its length and 24 MiB at most; an answer has 8 MiB, news have 16.
"""

import os
import pathlib

import pytest

import lies
import memory
from lib.agent import Agent
from lib.descriptor import NAME
from lib.fake_etcd import FakeEtcd
from lib.outputs import until
from lib.ports import free_port
from lib.reader import reader, value
from lies import MEGABYTE
from pulse import Pulse

PREFIX = f"/services/{NAME}/"
MIB = 1024  # KiB


@pytest.fixture
def release(agent, monkeypatch):
    """Starts the agent of the Debian package."""
    monkeypatch.setattr(Agent, "binary", pathlib.Path(os.environ["SVC_PACKAGE"]) / "svc-agent")
    return agent


def told(message):
    def act(etcd):
        for watch in list(etcd.watches):
            watch.say(message)

    return act


def answered(lie):
    def act(etcd):
        etcd.lies = {"Range": lie}
        etcd.end_connections()

    return act


UNREADABLE_NEWS = "etcd's answer to a watch cannot be read"

# name -> (what is done, what is said of it, MiB that it may take more than before).
GROWING = {
    "news_of_a_million_parts": (told(lies.sub_messages(11, MEGABYTE)), UNREADABLE_NEWS, 32),
    "news_of_eight_million_parts": (
        told(lies.sub_messages(11, 15 * MEGABYTE // 2)), UNREADABLE_NEWS, 64,
    ),
    "a_page_of_four_million_parts": (
        answered(lies.instead(lambda honest, _: honest + lies.sub_messages(2, 4 * MEGABYTE - 200))),
        "etcd's answer to a range cannot be read", 56,
    ),
    "an_answer_without_end": (answered(lies.long_message), "answers with more than 8 MiB", 32),
}  # fmt: skip


@pytest.mark.parametrize("name", GROWING)
def test_ceiling(name, release, closing, document):
    act, said, ceiling = GROWING[name]
    etcd, written, port = closing(FakeEtcd()), document(), free_port()
    etcd.put(PREFIX + "localhost:1", value(1))
    text = reader(f"[{etcd.endpoint}]", {NAME: written.path}, admin={"listen": f"127.0.0.1:{port}"},
                  log={"level": "debug"}, etcd={"request_timeout": "30s"})
    sidecar = release(text)
    written.lists("localhost:1", timeout=60)
    until(lambda: etcd.watches)
    pid = sidecar.child.pid
    pulse = closing(Pulse(pid, port))
    pulse.wait_for(5)
    memory.forget_peak(pid)
    before = memory.resident(pid)
    act(etcd)
    sidecar.wait_log(said, 60)
    peak = memory.peak(pid)
    worst = pulse.check(0.5)
    print(f"{name}: {before} KiB, then {peak}; /healthz {worst.own:.3f} s")
    etcd.lies = {}
    etcd.end_connections()
    etcd.put(PREFIX + "localhost:2", value(2))
    written.lists("localhost:1", "localhost:2", timeout=60)
    assert peak - before < ceiling * MIB
