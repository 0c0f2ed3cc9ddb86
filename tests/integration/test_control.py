# SPDX-License-Identifier: Apache-2.0
"""`status`, `drain` and `resume` with a real agent: judged by what etcd's own watch saw."""

import json
import re
import subprocess
import time

import pytest

from lib.agent import BINARY, environment, run
from lib.descriptor import descriptor, key_of
from lib.lines import Lines
from lib.outputs import until
from lib.ports import free_port
from lib.reader import reader
from lib.watcher import Watcher

DONE, NO, AWAY = 0, 1, 75
LINGER = 5.0  # seconds, of the agents that have one: in so many a look at them comes


@pytest.fixture(params=["unix", "tcp"])
def admin(request, tmp_path):
    """Where an agent answers."""
    return f"unix:{tmp_path}/admin.sock" if request.param == "unix" else f"127.0.0.1:{free_port()}"


@pytest.fixture
def socket(tmp_path):
    return f"unix:{tmp_path}/admin.sock"


@pytest.fixture
def watcher(etcd):
    return Watcher(etcd, "/services/")


def at(address, linger="0s"):
    """The sections of a descriptor that answers there."""
    return {"admin": {"listen": f"'{address}'"}, "shutdown": {"linger": linger}}


def state(address):
    """name -> what the agent says of that service."""
    shown = run("status", "--output", "json", "--admin", address)
    return {each["name"]: each for each in json.loads(shown.stdout)["services"]}


def drain_later(*words):
    """A drain that goes on; its process and what it says."""
    child = subprocess.Popen(
        [BINARY, "drain", "--wait", *words], env=environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    return child, Lines(child.stderr, "drain")


def test_status_of_an_agent(agent, etcd, serve, watcher, admin, document):
    well, port = serve("go"), free_port()
    written = document()
    agent(
        descriptor(etcd, well.port, **at(admin)),
        descriptor(etcd, port, name="b"),
        reader(etcd, {"coupon-service": written.path}),
    )
    lease = watcher.put(key_of(well.port)).lease
    until(lambda: state(admin)["b"]["health"] == "down")
    until(lambda: run("status", "--admin", admin).returncode == DONE)
    # It may have read the set before it was in it itself.
    until(lambda: re.search("^coupon-service +1 ", run("status", "--admin", admin).stdout, re.M))
    shown = run("status", "--admin", admin)
    assert shown.stderr == ""
    assert re.fullmatch(
        "SERVICE +ADDRESS +HEALTH +FOR +LISTED +LEFT +LEASE\n"
        rf"coupon-service +localhost:{well.port} +up +\d+s +yes +\d+s +{lease:x}\n"
        rf"b +localhost:{port} +down +\d+s +no +- +-\n"
        rf"  REFUSED: nothing listens on localhost:{port}\n"
        "\n"
        "FOLLOWS +INSTANCES +STATE +OUTPUTS\n"
        "coupon-service +1 +current +1 well\n"
        "\n"
        rf"svc-agent \S+, up \d+s: 3 of 3 at their goal, etcd {etcd.endpoint}\n",
        shown.stdout,
    )

    well.kill()
    until(lambda: "no" in run("status", "coupon-service", "--admin", admin).stdout.splitlines()[1])
    assert run("status", "c", "--admin", admin).returncode == NO


def test_drain_is_over_when_etcd_has_confirmed_and_the_linger_is_over(
    agent, etcd, serve, watcher, admin
):
    server = serve("go")
    key = key_of(server.port)
    sidecar = agent(descriptor(etcd, server.port, **at(admin, f"{LINGER:.0f}s")))
    watcher.put(key)
    asked = time.monotonic()
    drained = run("drain", "--wait", "--admin", admin)
    took = time.monotonic() - asked
    assert drained.returncode == DONE
    assert drained.stdout == f"coupon-service at localhost:{server.port}: drained\n"
    assert f"waiting for coupon-service at localhost:{server.port}: draining\n" in drained.stderr
    assert took > LINGER - 0.1
    watcher.gone(key)
    assert key not in etcd.get()

    server.status("NOT_SERVING")
    sidecar.wait_health("up -> down")
    server.status("SERVING")
    sidecar.wait_health("down -> up")
    assert run("drain", "--wait", "--admin", admin).returncode == DONE  # it is, already
    said = state(admin)["coupon-service"]
    assert (said["drained"], said["health"], said["listed"]) == (True, "up", False)
    watcher.nothing_more(key)

    resumed = run("resume", "--admin", admin)
    assert resumed.returncode == DONE
    assert resumed.stdout == f"coupon-service at localhost:{server.port}: resumed\n"
    watcher.put(key)
    until(lambda: state(admin)["coupon-service"]["at_goal"])


def test_one_of_two(agent, etcd, serve, watcher, socket):
    one, other = serve("go"), serve("go")
    agent(
        descriptor(etcd, one.port, **at(socket)),
        descriptor(etcd, other.port, name="other"),
    )
    watcher.put(key_of(one.port))
    watcher.put(key_of(other.port, "other"))
    for verb in ("drain", "resume"):
        refused = run(verb, "coupon-service", "nobody", "--admin", socket)
        assert refused.returncode == NO
        assert "nobody" in refused.stderr
    watcher.nothing_more(key_of(one.port))

    assert run("drain", "coupon-service", "--wait", "--admin", socket).returncode == DONE
    watcher.gone(key_of(one.port))
    watcher.nothing_more(key_of(other.port, "other"))
    shown = run("status", "--admin", socket).stdout.splitlines()
    assert "drained" in shown[1] and "yes" in shown[2]
    assert run("resume", "coupon-service", "--admin", socket).returncode == DONE
    watcher.put(key_of(one.port))


def test_beside_a_reader(agent, etcd, serve, watcher, socket, tmp_path):
    server = serve("py")
    reads = reader(etcd, {"coupon-service": tmp_path / "a.json"}, admin={"listen": socket})
    alone = agent(reads)
    alone.wait_log("answering about the agent")
    refused = run("drain", "coupon-service", "--admin", socket)
    assert refused.returncode == NO and "does not register 'coupon-service'" in refused.stderr
    alone.stop()

    agent(reads, descriptor(etcd, server.port))
    watcher.put(key_of(server.port))
    assert run("drain", "coupon-service", "--wait", "--admin", socket).returncode == DONE
    watcher.gone(key_of(server.port))
    assert run("resume", "coupon-service", "--admin", socket).returncode == DONE
    watcher.put(key_of(server.port))


def test_drain_waits_for_etcd(agent, etcd, serve, watcher, socket):
    server = serve("go")
    agent(descriptor(etcd, server.port, **at(socket)))
    watcher.put(key_of(server.port))
    etcd.pause()
    drain, said = drain_later("--admin", socket)
    said.wait("withdrawing")
    until(lambda: state(socket)["coupon-service"]["tries"] > 0)
    assert "no clear answer from etcd" in run("status", "--admin", socket).stdout
    assert drain.poll() is None
    etcd.resume()
    assert drain.wait(60) == DONE
    watcher.gone(key_of(server.port))


def test_the_agent_ends_while_it_is_waited_for(agent, etcd, serve, watcher, socket):
    server = serve("go")
    sidecar = agent(descriptor(etcd, server.port, **at(socket, "1h")))
    watcher.put(key_of(server.port))
    drain, said = drain_later("--admin", socket)
    said.wait("draining")
    sidecar.kill()
    assert drain.wait(60) == AWAY
    said.wait("svc-agent: the agent has ended meanwhile")


def test_resumed_while_it_is_waited_for(agent, etcd, serve, watcher, socket):
    server = serve("go")
    key = key_of(server.port)
    sidecar = agent(descriptor(etcd, server.port, **at(socket, "1h")))
    watcher.put(key)
    drain, said = drain_later("--admin", socket)
    said.wait("draining")
    assert run("resume", "--admin", socket).returncode == DONE
    assert drain.wait(60) == NO
    said.wait("coupon-service was resumed meanwhile")
    watcher.gone(key)
    watcher.put(key)
    sidecar.kill()  # or it would linger
