# SPDX-License-Identifier: Apache-2.0
"""The output nginx with a real nginx: what it includes is valid, and it is reloaded."""

import json

import pytest

from lib.calls import Calls
from lib.nginx import Nginx
from lib.outputs import (
    key_at,
    let_settle,
    reader_to,
    register,
    register_together,
    shown_in_manual,
    until,
    words,
)


@pytest.fixture
def nginx(tmp_path, closing):
    return closing(Nginx(tmp_path))


@pytest.fixture
def reloads(tmp_path, nginx):
    """The command, and the number of its runs."""

    class Reloads:
        file = tmp_path / "reloads"

        def command(self):
            line = " ".join(str(word) for word in nginx.command("-s", "reload"))
            return words("/bin/sh", "-c", f"echo run >> {self.file}; exec {line}")

        def count(self):
            return len(self.file.read_text().splitlines()) if self.file.exists() else 0

    return Reloads()


def output(nginx, reloads):
    return {"type": "nginx", "path": nginx.upstream, "reload": reloads.command()}


def servers_of(nginx):
    """The lines of the upstream that name servers."""
    lines = nginx.upstream.read_text().splitlines() if nginx.upstream.exists() else []
    return [line.strip() for line in lines if line.strip().startswith("server ")]


def test_nginx_follows(nginx, reloads, agent, etcd, serve, closing):
    a = serve("py", statuses={"": "SERVING", "a": "SERVING"})
    b = serve("py")
    follower = agent(reader_to(etcd, output(nginx, reloads), settle="200ms"))
    until(lambda: servers_of(nginx) == ["server 127.0.0.1:1 down; # there is none"])
    nginx.test()
    follower.wait_log(r"output needs attention .*nginx.*it exited with 1: .*nginx.pid")
    nginx.start()  # what failed without it works with it
    follower.wait_log(r"output works again .*nginx", timeout=90)

    before = reloads.count()
    register(etcd, a.port, weight=3)
    until(lambda: servers_of(nginx) == [f"server 127.0.0.1:{a.port} weight=3;"])
    calls = closing(Calls(nginx.port, "a", threads=1, retries=True))
    until(lambda: calls.hits > 0)  # until the new worker takes over there is no server
    failed = len(calls.failed)
    nginx.test()
    assert reloads.count() == before + 1

    let_settle(reloads.file, 0.3)
    register_together(
        etcd,
        {"port": b.port, "host": "localhost"},
        {"port": 50051, "host": "::1", "weight": 0},
        {"port": a.port, "weight": 2},
    )
    until(lambda: len(servers_of(nginx)) == 3)
    until(lambda: calls.others > 0)
    assert servers_of(nginx) == [
        f"server 127.0.0.1:{a.port} weight=2;",
        "server [::1]:50051 down;",
        f"server 127.0.0.1:{b.port} weight=1;",
    ]
    nginx.test()
    assert reloads.count() == before + 2

    etcd.delete(key_at(b.port, "localhost"))
    until(lambda: len(servers_of(nginx)) == 2)
    until(lambda: reloads.count() == before + 3)
    nginx.test()
    calls.more(50)
    assert len(calls.failed) == failed  # a reload cuts no call
    assert follower.log.count("needs attention") == 1
    assert [path.name for path in nginx.upstream.parent.iterdir()] == ["coupon.conf"]


def test_no_instance_is_more_than_a_server(nginx, reloads, agent, etcd):
    """Hosts and metadata that would be syntax, were they written as they are."""
    hostile = ["a;b", "x } server 10.0.0.1:80", "unix", "UNIX", "$host", "a\nb", "10.0.0.300"]
    for number, host in enumerate(hostile):
        value = json.dumps({"host": host, "port": 50051, "note": "; } # \n", "weight": 7})
        etcd.put(f"/services/coupon-service/{number}", value)
    register(etcd, 50051, note="} server 10.0.0.1:80;\n")
    follower = agent(reader_to(etcd, output(nginx, reloads)))
    until(lambda: servers_of(nginx))
    assert servers_of(nginx) == ["server 127.0.0.1:50051 weight=1;"]
    nginx.test()
    follower.wait_log("leaves out 2 of the instances")  # unix, UNIX; the others are no instances


def test_the_example_in_the_manual_is_valid(nginx, reloads, agent, etcd):
    agent(reader_to(etcd, output(nginx, reloads)))
    until(lambda: servers_of(nginx))
    example = shown_in_manual("grpc_pass")
    head, tail = nginx.config.read_text().split("http {")
    places, _ = tail.split("include")  # where a user who is not root may write
    here = example.replace("/etc/nginx/upstreams", str(nginx.upstream.parent))
    here = here.replace("8080", f"127.0.0.1:{nginx.port}").replace("http {", f"http {{{places}")
    nginx.config.write_text(head + here)
    nginx.test()
