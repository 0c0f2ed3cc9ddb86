# SPDX-License-Identifier: Apache-2.0
"""`list` and `watch`: what is registered, for people and for programs."""

import json
import re
import signal
import subprocess

import pytest

from lib.agent import BINARY, environment, run
from lib.descriptor import descriptor, key_of
from lib.lines import Lines
from lib.ports import free_port

DONE, NO, AWAY = 0, 1, 75


def value(port, **metadata):
    return json.dumps({"host": "localhost", "port": port, "protocol": "grpc", **metadata})


@pytest.fixture
def watch(etcd):
    """Starts `svc-agent watch` with the words given; gives its process and its lines."""
    made = []

    def start(*words):
        child = subprocess.Popen(
            [BINARY, "watch", "--endpoints", etcd.endpoint, *words],
            env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        made.append(child)
        return child, Lines(child.stdout, "watch")

    yield start
    for child in made:
        child.kill()
        child.wait()
        child.stderr.close()


def test_a_table_of_what_an_agent_has_registered(sidecar, serve, etcd):
    server = serve("go")
    sidecar(server, service={"metadata": "{version: 1.0.0, weight: 3}"}).wait_log("registered")
    shown = run("list", "--endpoints", etcd.endpoint)
    assert shown.returncode == DONE
    assert shown.stderr == ""
    heading, line = shown.stdout.splitlines()
    assert heading.split() == [
        "SERVICE", "INSTANCE", "PROTOCOL", "LEASE", "LEFT", "SINCE", "METADATA"]
    lease = f"{etcd.get()[key_of(server.port)][1]:x}"
    assert re.fullmatch(
        rf"coupon-service +localhost:{server.port} +grpc +{lease} +\d+s +revision \d+"
        r" +version=1\.0\.0 weight=3", line)


def test_json_lines_of_several_services(etcd):
    for name, port in (("b", 2), ("a", 1), ("a-2", 3)):
        etcd.put(key_of(port, name), value(port, weight=port))
    every = run("list", "-e", etcd.endpoint, "-o", "json")
    assert [json.loads(line)["service"] for line in every.stdout.splitlines()] == ["a-2", "a", "b"]
    some = run("list", "b", "a", "nothing", "-e", etcd.endpoint, "-o", "json")
    rows = [json.loads(line) for line in some.stdout.splitlines()]
    assert [(row["service"], row["instance"]["port"]) for row in rows] == [("b", 2), ("a", 1)]
    assert rows[0]["instance"]["metadata"] == {"weight": 2}
    assert rows[0]["lease"] is None and rows[0]["seconds_left"] is None
    assert some.returncode == DONE


def test_more_than_one_page(etcd):
    """An answer of etcd has 256 keys at most."""
    for port in range(1, 601):
        etcd.put(key_of(port), value(port))
    shown = run("list", "-e", etcd.endpoint, "-o", "json")
    ports = [json.loads(line)["instance"]["port"] for line in shown.stdout.splitlines()]
    assert sorted(ports) == list(range(1, 601))


def test_an_empty_set_is_an_answer(etcd):
    nothing = run("list", "coupon-service", "-e", etcd.endpoint)
    assert nothing.returncode == NO
    assert nothing.stdout == ""
    assert nothing.stderr == "svc-agent: nothing is listed under /services/coupon-service/\n"


def test_no_etcd_is_another():
    port = free_port()
    away = run("list", "--endpoints", f"127.0.0.1:{port}")
    assert away.returncode == AWAY
    assert away.stdout == ""
    assert away.stderr == f"svc-agent: nothing listens on 127.0.0.1:{port}\n"


def test_a_value_that_is_no_instance_is_named(etcd):
    etcd.put("/services/a/x", "{")
    etcd.put(key_of(1, "a"), value(1))
    shown = run("list", "-e", etcd.endpoint, "-o", "json")
    assert len(shown.stdout.splitlines()) == 1
    assert "passed over a key that is no instance key=/services/a/x" in shown.stderr


def test_a_descriptor_says_whom_to_ask_and_where(etcd, write):
    etcd.put("/elsewhere/a/localhost:1", value(1))
    config = write(descriptor(etcd, 1, register={"prefix": "/elsewhere"}))
    shown = run("list", "--config", config, "-o", "json")
    assert json.loads(shown.stdout)["service"] == "a"
    reader = write(
        f"discover:\n  prefix: /elsewhere\n  services:\n"
        f"    - {{name: a, outputs: [{{type: json, path: a.json}}]}}\n"
        f"etcd: {{endpoints: {etcd.endpoint}}}\n")
    assert run("list", "--config", reader, "-o", "json").stdout == shown.stdout
    assert run("list", "-p", "/elsewhere/", "-e", etcd.endpoint, "-o", "json").stdout == \
        shown.stdout
    by_environment = run("list", "-p", "/elsewhere", "-o", "json",
                         env={"ETCD_HOSTS": etcd.endpoint})
    assert by_environment.stdout == shown.stdout


def test_watch_prints_each_change_as_it_comes(etcd, watch):
    key = key_of(1, "a")
    etcd.put(key, value(1))
    child, lines = watch("a", "-o", "json")

    def take():
        row = json.loads(lines.take())
        return row["event"], row["service"], row["instance"] and row["instance"]["port"]

    assert take() == ("now", "a", 1)
    etcd.put(key_of(2, "a"), value(2))
    assert take() == ("added", "a", 2)
    etcd.put(key, value(1, weight=5))
    assert take() == ("changed", "a", 1)
    etcd.put(key_of(3, "a-2"), value(3))  # a neighbour
    etcd.delete(key)
    assert take() == ("removed", "a", 1)
    etcd.delete(key_of(2, "a"))
    assert take() == ("removed", "a", 2)
    assert take() == ("none", "a", None)
    child.send_signal(signal.SIGTERM)
    assert child.wait(60) == DONE


def test_watch_follows_again_after_etcd_was_away(etcd, watch):
    child, lines = watch("a")
    assert lines.take().endswith("none    a")
    etcd.kill()
    etcd.start()
    etcd.put(key_of(1, "a"), value(1))
    assert lines.take().endswith("added   a localhost:1")
    child.send_signal(signal.SIGINT)
    assert child.wait(60) == DONE


def test_watch_ends_when_nobody_reads_any_more(etcd):
    command = f"'{BINARY}' watch a --endpoints {etcd.endpoint} | head -n 1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], env=environment(),
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == DONE
    assert done.stdout.endswith("none    a\n")
