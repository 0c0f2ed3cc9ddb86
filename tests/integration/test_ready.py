# SPDX-License-Identifier: Apache-2.0
"""How whoever started the agent learns how far it is: $NOTIFY_SOCKET, the watchdog, --ready-fd."""

import os
import signal
import socket

import pytest

from lib.agent import Agent, run
from lib.descriptor import descriptor, key_of
from lib.outputs import until
from lib.patience import patient
from lib.ports import free_port


@pytest.fixture
def supervisor(tmp_path):
    """The socket of a supervisor; said() is its next message."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(patient(30))
        yield heard


def said(supervisor, prefix):
    """The next message that begins so; others are passed over."""
    while True:
        message = supervisor.recv(4096).decode()
        if message.startswith(prefix):
            return message


def env(supervisor, **more):
    return {"NOTIFY_SOCKET": supervisor.getsockname(), **more}


def test_ready_comes_without_etcd_and_status_says_how_far_it_is(agent, etcds, serve, supervisor):
    server, etcd = serve(), etcds()
    config = descriptor(etcd, server.port)
    running = agent(config, env=env(supervisor))
    assert said(supervisor, "READY=1")
    assert said(supervisor, "STATUS=").strip() == "STATUS=0 of 1 services listed"
    etcd.start()
    assert said(supervisor, "STATUS=").strip() == "STATUS=1 of 1 services listed"
    running.terminate()
    assert said(supervisor, "STOPPING=1")
    assert running.wait_exit() == 0


def test_a_reload_is_told_from_begin_to_end(agent, etcd, serve, supervisor):
    server = serve()
    running = agent(descriptor(etcd, server.port), env=env(supervisor))
    said(supervisor, "READY=1")
    running.signal(signal.SIGHUP)
    assert "MONOTONIC_USEC=" in said(supervisor, "RELOADING=1")
    said(supervisor, "READY=1")


def test_the_watchdog_is_fed_while_the_loop_turns(agent, etcd, serve, supervisor):
    server = serve()
    running = agent(
        descriptor(etcd, server.port), env=env(supervisor, WATCHDOG_USEC="200000")
    )
    for _ in range(3):
        said(supervisor, "WATCHDOG=1")
    running.pause()
    supervisor.settimeout(0.5)
    with pytest.raises(TimeoutError):
        while True:
            said(supervisor, "WATCHDOG=1")
    running.resume()
    supervisor.settimeout(patient(30))
    said(supervisor, "WATCHDOG=1")


def test_no_program_of_ours_sees_the_socket(agent, etcd, tmp_path, supervisor):
    seen = tmp_path / "seen"
    agent(
        f"etcd: {{endpoints: [{etcd.endpoint}]}}\n"
        "discover:\n  services:\n    - name: a\n      outputs:\n"
        f"        - {{type: exec, command: [sh, -c, 'env > {seen}.new; mv {seen}.new {seen}']}}\n",
        env=env(supervisor, WATCHDOG_USEC="60000000"),
    ).wait_log("instances changed|etcd client")
    etcd.put("/services/a/b:1", '{"host":"b","port":1,"protocol":"grpc"}')
    said(supervisor, "STATUS=1 of 1 services followed")
    until(seen.exists)
    assert "NOTIFY" not in seen.read_text() and "WATCHDOG" not in seen.read_text()


def test_ready_fd_gets_a_newline(etcds, write):
    mine, its = os.pipe()
    config = write(descriptor(etcds(), free_port()))
    running = Agent([str(config)], ready_fd=its)
    os.close(its)
    try:
        with os.fdopen(mine, "rb") as heard:
            assert heard.read() == b"\n"  # to the end: it was closed
    finally:
        assert not running.close()


@pytest.mark.parametrize("number", ["", "x", "-1", "1", "99999999999", "77"])
def test_a_descriptor_that_is_none_is_refused(write, number):
    done = run("--config", write(descriptor("[localhost:1]", 1)), f"--ready-fd={number}")
    assert done.returncode == 2
    assert "--ready-fd needs the number of an open descriptor" in done.stderr


def test_a_supervisor_that_does_not_listen_is_no_obstacle(agent, etcd, serve, tmp_path):
    server, watch = serve(), etcd.watch()
    agent(descriptor(etcd, server.port), env={"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    watch.put(key_of(server.port))
