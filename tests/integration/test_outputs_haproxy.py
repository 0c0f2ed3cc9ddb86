# SPDX-License-Identifier: Apache-2.0
"""The output haproxy with a real HAProxy: gRPC calls go on while servers come and go."""

import json
import subprocess
import time

import pytest

from lib.calls import Calls, channel, hold_call_on
from lib.haproxy import DRAIN, MAINTENANCE, HAProxy
from lib.outputs import key_at, reader_to, register, shown_in_manual, until

STATIC = "server static 127.0.0.1:1 disabled"
SLOTS = "server-template svc- 1-2 127.0.0.1:1 proto h2 disabled"


@pytest.fixture
def haproxy(tmp_path, closing):
    def start(*servers):
        return closing(HAProxy(tmp_path, *servers)).start()

    return start


def output(haproxy, backend="coupon"):
    return {"type": "haproxy", "socket": haproxy.socket, "backend": backend}


def serve_as(serve, name):
    return serve("py", statuses={"": "SERVING", name: "SERVING"})


def wait_serving(haproxy, servers):
    """`servers` is port -> weight."""

    def there():
        return haproxy.serving() == servers

    there.__doc__ = f"{servers} serve"
    until(there)


def of_port(haproxy, port):
    """The server with that port, None when there is none."""
    found = [server for server in haproxy.servers().values() if server.port == port]
    return found[0] if found else None


@pytest.mark.parametrize("slots", [False, True], ids=["added", "slots"])
def test_no_call_fails_while_servers_come_and_go(haproxy, agent, etcd, serve, closing, slots):
    proxy = haproxy(STATIC, *([SLOTS] if slots else []))
    a, b, c = (serve_as(serve, name) for name in ("a", "b", "c"))
    register(etcd, a.port, weight=100)
    register(etcd, b.port, host="localhost", weight=100)
    agent(reader_to(etcd, output(proxy)))
    wait_serving(proxy, {a.port: 100, b.port: 100})
    calls = closing(Calls(proxy.port, "a"))
    assert all(calls.more(50))  # both of them answer

    register(etcd, c.port, weight=50)
    register(etcd, b.port, host="localhost", weight=0)
    wait_serving(proxy, {a.port: 100, b.port: 0, c.port: 50})
    calls.more(50)
    held = hold_call_on(closing(channel(proxy.port)), "a")

    etcd.delete(key_at(a.port))
    until(lambda: of_port(proxy, a.port).admin & DRAIN)
    assert calls.more(100)[0] == 0  # it gets no new calls ...
    assert held.is_active()  # ... and the one that runs goes on

    register(etcd, a.port, weight=100)  # it comes back while it drains
    wait_serving(proxy, {a.port: 100, b.port: 0, c.port: 50})
    assert calls.more(100)[0] > 0
    assert held.is_active()

    etcd.delete(key_at(a.port))
    until(lambda: of_port(proxy, a.port).admin & DRAIN)
    held.cancel()
    until(lambda: slots or of_port(proxy, a.port) is None)
    until(lambda: not slots or of_port(proxy, a.port).admin & MAINTENANCE)
    etcd.delete(key_at(b.port, "localhost"))
    wait_serving(proxy, {c.port: 50})
    calls.more(50)

    calls.close()
    assert calls.failed == []
    assert proxy.running and proxy.servers()["static"].port == 1
    print(f"{calls.ended} calls, none failed")


def test_a_slot_is_used_again_for_another_server(haproxy, agent, etcd, serve, closing):
    proxy = haproxy("server-template svc- 1-1 127.0.0.1:1 proto h2 disabled")
    a, b = serve_as(serve, "a"), serve_as(serve, "b")
    register(etcd, a.port)
    agent(reader_to(etcd, output(proxy)))
    wait_serving(proxy, {a.port: 1})
    calls = closing(Calls(proxy.port, "a"))
    assert calls.more(20)[1] == 0
    etcd.delete(key_at(a.port))
    until(lambda: proxy.servers()["svc-1"].admin & MAINTENANCE)
    register(etcd, b.port)
    wait_serving(proxy, {b.port: 1})
    hits, others = calls.more(50)
    assert hits == 0 and others >= 50  # also a connection that was kept leads to the new one
    assert list(proxy.servers()) == ["svc-1"]


def test_weights_are_shares_of_the_calls(haproxy, agent, etcd, serve, closing):
    proxy = haproxy()
    a, b = serve_as(serve, "a"), serve_as(serve, "b")
    register(etcd, a.port, weight=3000)
    register(etcd, b.port, weight=1000)
    agent(reader_to(etcd, output(proxy)))
    wait_serving(proxy, {a.port: 256, b.port: 85})
    hits, others = closing(Calls(proxy.port, "a")).more(200)
    assert 130 <= hits <= 170, (hits, others)


def test_a_restarted_haproxy_is_filled_again(haproxy, agent, etcd, serve, tmp_path):
    proxy = haproxy(STATIC)
    a = serve()
    register(etcd, a.port)
    file = tmp_path / "coupon.json"
    follower = agent(reader_to(etcd, output(proxy), {"type": "json", "path": file}))
    wait_serving(proxy, {a.port: 1})

    for again in (proxy.reload, lambda: (proxy.kill(), proxy.start())):
        again()
        start = time.monotonic()
        wait_serving(proxy, {a.port: 1})
        print(f"filled again {time.monotonic() - start:.3f} s after it listened")

    until(lambda: follower.log.count("needs attention") == follower.log.count("works again"))
    before = follower.log.count("needs attention")
    since = len(follower.log.lines)
    proxy.kill()
    register(etcd, 1)
    follower.wait_log(r"needs attention .*haproxy.*cannot be connected to", since=since)
    until(lambda: len(json.loads(file.read_text())["instances"]) == 2)  # others go on
    proxy.start()
    follower.wait_log(r"output works again .*haproxy", timeout=90, since=since)
    wait_serving(proxy, {a.port: 1, 1: 1})
    assert follower.log.count("needs attention") == before + 1


def test_what_haproxy_refuses_is_said_once(haproxy, agent, etcd, tmp_path):
    proxy = haproxy(STATIC)
    register(etcd, 50051)
    register(etcd, 50052, host="coupon.example")
    file = tmp_path / "coupon.json"
    follower = agent(
        reader_to(etcd, output(proxy, "absent"), output(proxy), {"type": "json", "path": file})
    )
    wait_serving(proxy, {50051: 1})
    follower.wait_log(r"haproxy.*answers 'Can't find backend.'")
    follower.wait_log(r"leaves out 1 of the instances, the first is [^ ]*coupon.example:50052")
    until(file.exists)
    register(etcd, 50053)
    wait_serving(proxy, {50051: 1, 50053: 1})
    assert follower.log.count("Can't find backend") == 1


def test_the_example_in_the_manual_is_valid(tmp_path):
    example = shown_in_manual("server-template svc-")
    times = "".join(f"    timeout {what} 1s\n" for what in ("connect", "client", "server"))
    modes = f"defaults\n    mode http\n{times}"
    config = tmp_path / "haproxy.cfg"
    config.write_text(example.replace("backend coupon", f"{modes}backend coupon"))
    done = subprocess.run(
        ["/usr/sbin/haproxy", "-c", "-f", config], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stderr
