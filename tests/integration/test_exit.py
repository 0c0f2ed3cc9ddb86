# SPDX-License-Identifier: Apache-2.0
"""How the agent ends: withdrawn, hurried, or without an etcd to withdraw from."""

import os
import signal
import subprocess
import time

import pytest

from lib.agent import BINARY, environment, run
from lib.descriptor import descriptor, key_of
from lib.patience import patient
from lib.ports import free_port
from lib.proxy import TcpProxy

LEASE_LEFT = 75
LINGER = 2  # seconds


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_a_signal_withdraws_and_exits_0(number, serve, sidecar, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server)
    watch.put(key)
    agent.terminate(number)
    watch.gone(key)
    assert agent.wait_exit() == 0
    assert etcd.leases() == []


def test_sigterm_while_the_put_is_on_its_way(serve, agent, etcd, closing):
    server, proxy = serve(), closing(TcpProxy(etcd.port))
    key, watch = key_of(server.port), etcd.watch()
    proxy.freeze_at(key.encode())
    long = {"register": {"ttl": "300s"}, "etcd": {"request_timeout": "60s"}}
    sidecar = agent(descriptor(f"[{proxy.endpoint}]", server.port, **long))
    proxy.wait_held()
    sidecar.terminate()
    sidecar.wait_log("withdrawing")
    proxy.thaw()
    watch.put(key)
    watch.gone(key, timeout=60)  # and not when the lease is due for renewal, 100 s later
    assert sidecar.wait_exit() == 0
    assert etcd.leases() == []


def test_nothing_registered_and_no_etcd_exits_0(agent):
    sidecar = agent(descriptor(f"[127.0.0.1:{free_port()}]", free_port()))
    sidecar.wait_health("unknown -> down", reason="REFUSED")
    sidecar.terminate()
    assert sidecar.wait_exit() == 0


def test_without_standard_descriptors(serve, etcd, write):
    """What it opens takes the place of none: the log would be written to the service, or to etcd."""
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    config = write(descriptor(etcd, server.port, log={"level": "debug"}))
    closed = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
    with subprocess.Popen([*closed, BINARY, "--config", config], env=environment()) as child:
        try:
            watch.put(key)
            server.status("NOT_SERVING")
            watch.gone(key)
            server.status("SERVING")
            watch.put(key)
            places = [os.readlink(f"/proc/{child.pid}/fd/{fd}") for fd in range(3)]
            child.terminate()
            watch.gone(key)
            assert child.wait(patient(60)) == 0
        finally:
            child.kill()
    assert places == ["/dev/null"] * 3


def test_a_second_sigterm_leaves_at_once_with_75(serve, sidecar, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, etcd={"request_timeout": "60s"})
    watch.put(key)
    etcd.pause()
    agent.terminate()
    agent.wait_log("withdrawing")  # a second signal before that would be the same one
    with pytest.raises(subprocess.TimeoutExpired):
        agent.child.wait(0.5)  # it holds on to its lease
    agent.terminate()
    assert agent.wait_exit(timeout=30) == LEASE_LEFT  # not after a request's timeout


def test_it_gives_up_revoking_with_75_when_etcd_is_dead(serve, sidecar, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, register={"ttl": "2s"})
    watch.put(key)
    etcd.kill()
    agent.terminate()
    assert agent.wait_exit(timeout=60) == LEASE_LEFT


def test_it_withdraws_when_etcd_comes_back_in_time(serve, sidecar, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, register={"ttl": "60s"}, etcd={"request_timeout": "1s"})
    watch.put(key)
    etcd.pause()
    agent.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        agent.child.wait(0.5)
    etcd.resume()
    assert agent.wait_exit(timeout=60) == 0
    assert etcd.kept_leases(agent) == []


def test_linger_comes_after_the_revoke(serve, sidecar, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, shutdown={"linger": f"{LINGER}s"})
    watch.put(key)
    asked = time.monotonic()
    agent.terminate()
    watch.gone(key)
    # It is there still, unless we were late to look.
    assert agent.running or time.monotonic() - asked > LINGER
    assert agent.wait_exit() == 0
    assert time.monotonic() - asked > LINGER - 0.1


def test_linger_counts_for_what_a_reload_has_taken_away(serve, agent, etcd, write, tmp_path):
    server, admin = serve(), f"unix:{tmp_path}/admin.sock"
    watch = etcd.watch()
    for name, linger in (("stays", "0s"), ("goes", "1h")):
        text = descriptor(
            etcd, server.port, name, admin={"listen": admin}, shutdown={"linger": linger}
        )
        write(text, f"some/{name}.yaml")
    folder = write("", "some/none").parent
    sidecar = agent(configs=[str(folder)])
    for name in ("stays", "goes"):
        watch.put(key_of(server.port, name))
    (folder / "goes.yaml").unlink()
    sidecar.signal(signal.SIGHUP)
    sidecar.wait_log("Service deregistered: goes")
    sidecar.terminate()
    sidecar.wait_log("Service deregistered: stays")
    assert "ending" in run("status", "--admin", admin).stdout  # it is there still
    sidecar.terminate()
    assert sidecar.wait_exit() == 0


def test_nobody_reading_the_log_does_no_harm(serve, etcd, write):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    reading, writing = os.pipe()
    os.close(reading)
    argv = [BINARY, "--config", write(descriptor(etcd, server.port))]
    with subprocess.Popen(argv, env=environment(), stdout=subprocess.PIPE, stderr=writing) as child:
        os.close(writing)
        watch.put(key)
        server.kill()
        watch.gone(key)
        child.terminate()
        assert child.stdout.read() == b""
        assert child.wait(60) == 0
