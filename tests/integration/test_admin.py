# SPDX-License-Identifier: Apache-2.0
"""A running agent asked over HTTP: by curl, by clients that take their time, by a second agent."""

import json
import os
import re
import socket
import stat
import subprocess
import time

import pytest

from lib.agent import run
from lib.descriptor import descriptor, key_of
from lib.outputs import until
from lib.ports import free_port
from lib.reader import reader
from lib.users import switch_on
from lib.watcher import Watcher

ROUTES = ("/healthz", "/readyz", "/status", "/metrics")
SLOW, PLACES = 50, 16


@pytest.fixture(params=["unix", "tcp"])
def address(request, tmp_path):
    return f"unix:{tmp_path}/admin.sock" if request.param == "unix" else f"127.0.0.1:{free_port()}"


def at(address):
    return {"admin": {"listen": f"'{address}'"}}


class Answer:
    def __init__(self, text):
        head, self.body = text.split("\n\n", 1)
        lines = head.split("\n")
        self.status = int(lines[0].split()[1])
        self.headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}


def curl(address, path, *options):
    """What curl gets there; None when nobody answers."""
    where = ["--unix-socket", address[5:]] if address.startswith("unix:") else []
    host = "localhost" if where else address
    done = subprocess.run(
        ["curl", "-sS", "-i", "--max-time", "30", *where, *options, f"http://{host}{path}"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    print(f"{path} {options} -> {done.stdout or done.stderr}")
    return Answer(done.stdout) if done.stdout else None


def ready(address):
    answer = curl(address, "/readyz")
    return answer is not None and answer.status == 200


def test_looking(agent, etcd, serve, address):
    server = serve("go")
    agent(descriptor(etcd, server.port, **at(address)))
    until(lambda: ready(address))
    for path in ROUTES:
        answer = curl(address, path)
        assert answer.status == 200
        assert answer.headers["cache-control"] == "no-store"
        head = curl(address, path, "--head")
        assert (head.status, head.body) == (200, "")
        assert head.headers["content-type"] == answer.headers["content-type"]
    assert curl(address, "/healthz").body == "ok\n"
    shown = json.loads(curl(address, "/status").body)
    assert [each["name"] for each in shown["services"]] == ["coupon-service"]
    assert shown["ready"]
    metrics = curl(address, "/metrics")
    assert metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    labels = f'service="coupon-service",host="localhost",port="{server.port}"'
    assert f"svc_agent_registered{{{labels}}} 1\n" in metrics.body


def test_acting(agent, etcd, serve, address):
    server = serve("go")
    watcher = Watcher(etcd, "/services/")
    agent(descriptor(etcd, server.port, **at(address)))
    key = key_of(server.port)
    watcher.put(key)
    for options, status in (
        (["-H", "Origin: http://localhost"], 403),
        (["-H", "Host: evil.example"], 403),
        (["-d", "service=absent"], 400),
        (["-d", "x" * 5000], 413),
        (["-H", "Transfer-Encoding: chunked", "-d", "x"], 413),
    ):
        assert curl(address, "/drain", "-X", "POST", *options).status == status
    assert curl(address, "/drain?service=absent", "-X", "POST").status == 404
    assert curl(address, "/drain?name=coupon-service", "-X", "POST").status == 400
    assert curl(address, "/drain").headers["allow"] == "POST"
    assert curl(address, "/status", "-X", "POST").headers["allow"] == "GET, HEAD"
    assert "/healthz" in curl(address, "/").body
    assert not json.loads(curl(address, "/status").body)["services"][0]["drained"]

    answer = curl(address, "/drain?service=coupon-service", "-X", "POST")
    assert answer.status == 200
    assert json.loads(answer.body)["services"][0]["drained"]
    watcher.gone(key)
    until(lambda: ready(address))  # what is drained is where it is to be
    assert curl(address, "/resume", "-X", "POST").status == 200
    watcher.put(key)


def test_what_is_not_ready(agent, etcds, serve, address, document):
    etcd, server, written = etcds(), serve("go"), document()
    agent(
        descriptor(etcd, server.port, **at(address)),
        reader(etcd, {"coupon-service": written.path}),
    )
    where = re.escape(etcd.endpoint)
    expected = re.compile(
        rf"coupon-service localhost:{server.port}: no clear answer from etcd at {where}, "
        r"tries: \d+\n"
        rf"coupon-service /services/coupon-service/: etcd at {where} has not told its instances yet\n"
    )

    def told():
        answer = curl(address, "/readyz")
        return answer and answer.status == 503 and expected.fullmatch(answer.body)

    until(told)
    etcd.start()
    until(lambda: ready(address))


def test_nothing_secret_is_told(agent, etcd, serve, address):
    secret, token = "pass-word-of-etcd", "token-of-the-probe"
    server = serve("go")
    switch_on(etcd)
    child = agent(
        descriptor(
            etcd, server.port,
            etcd={"username": "somebody", "password": secret},
            probe={"metadata": f"{{authorization: Bearer {token}}}"},
            **at(address),
        )
    )  # fmt: skip
    child.wait_health("unknown -> up")
    until(lambda: json.loads(curl(address, "/status").body)["services"][0]["tries"] > 0)
    said = [curl(address, path) for path in (*ROUTES, "/absent")]
    said += [curl(address, path, "-X", "POST") for path in ("/drain", "/resume", "/drain?x=1")]
    for answer in said:
        assert secret not in answer.body and token not in answer.body


def test_the_socket_is_the_agents_own(agent, etcd, serve, tmp_path, write):
    path = tmp_path / "admin.sock"
    address, server = f"unix:{path}", serve("go")
    text = descriptor(etcd, server.port, **at(address))
    first = agent(text)
    until(lambda: ready(address))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    second = run("--config", write(text))
    assert second.returncode == 70
    assert f"{address}: another agent listens there" in second.stderr
    assert ready(address)
    first.kill()
    assert path.exists()
    first.start()  # what a killed one left is in nobody's way
    until(lambda: ready(address))
    first.stop()
    assert not path.exists()
    path.write_text("somebody's")
    third = run("--config", write(text))
    assert third.returncode == 70
    assert "no socket" in third.stderr
    assert path.read_text() == "somebody's"


def connect(address):
    if address.startswith("unix:"):
        client = socket.socket(socket.AF_UNIX)
        client.connect(address[5:])
    else:
        host, port = address.rsplit(":", 1)
        client = socket.create_connection((host, int(port)))
    client.settimeout(20)
    return client


def slow_client(address):
    client = connect(address)
    client.sendall(b"GET /status HTTP/1.1\r\nHost: loc")
    return client


def is_open(client):
    """False when the other side has ended it."""
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_slow_clients_are_in_nobodys_way(agent, etcd, serve, address):
    server = serve("go")
    watcher = Watcher(etcd, "/services/")
    child = agent(descriptor(etcd, server.port, probe={"interval": "100ms"}, **at(address)))
    watcher.put(key_of(server.port))

    def count():
        return len(os.listdir(f"/proc/{child.child.pid}/fd"))

    until(lambda: ready(address))
    before = count()
    clients = [slow_client(address) for _ in range(SLOW)]
    try:
        until(lambda: count() > before)
        assert count() <= before + PLACES
        start = time.monotonic()
        server.status("NOT_SERVING")
        watcher.gone(key_of(server.port))
        server.status("SERVING")
        watcher.put(key_of(server.port))
        print(f"down and up again within {time.monotonic() - start:.3f} s")
        assert ready(address)  # others get their turn
        until(lambda: sum(map(is_open, clients)) <= PLACES)  # they make room while others wait
    finally:
        for client in clients:
            client.close()
    until(lambda: count() <= before)
