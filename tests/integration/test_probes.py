# SPDX-License-Identifier: Apache-2.0
"""The probes beside gRPC: tcp, http and exec, each against real servers, sockets and programs."""

import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys

import pytest

from lib.agent import BINARY, environment, run
from lib.certs import Authority
from lib.descriptor import descriptor, key_of
from lib.needs import NETWORK, need_ipv6, need_network
from lib.outputs import until, words
from lib.sockets import connected_ports
from lib.web import (
    OK, RealServer, WebServer, endless_body, hang, reset, slow_body, status,
)

# A machine that stands still fails no probe.
QUICK = {"interval": "100ms", "timeout": "60s", "failure_threshold": 3}
PORT = 50051  # what is advertised where the probe looks elsewhere


@pytest.fixture
def web(closing):
    """Starts a server that answers as the test says; see lib/web.py."""
    return lambda **options: closing(WebServer(**options))


@pytest.fixture
def probing(agent, etcd):
    """Starts an agent that advertises localhost:50051, with a probe of these keys."""
    return lambda **probe: agent(descriptor(etcd, PORT, probe={**QUICK, **probe}))


def http(server, **keys):
    return {"type": "http", "target": server.target, **keys}


def probe_once(write, env=None, **probe):
    """(exit status, reason, the whole line) of the command `probe`."""
    text = descriptor("nowhere:1", PORT, probe={"timeout": "60s", **probe})
    done = run("probe", "--config", write(text), env=env, timeout=120)
    return done.returncode, done.stdout.split()[1], done.stdout.strip()


# ---- a registration's life, for each type -------------------------------------------------------


def test_http_lists_unlists_and_lists_again(web, probing, etcd):
    server, watch, key = web(), etcd.watch(), key_of(PORT)
    agent = probing(**http(server))
    watch.put(key)
    agent.wait_health("unknown -> up", reason="HTTP_OK")
    server.answer = status(503)
    watch.gone(key)
    agent.wait_log(r"health up -> down .*reason=HTTP_STATUS .*GET /healthz answered with status 503")
    assert agent.log.count("probe failed .*fails=1 of=3") == 1
    server.answer = OK
    watch.put(key)
    server.close()
    watch.gone(key)
    agent.wait_log(r"health up -> down .*reason=REFUSED .*nothing listens on 127.0.0.1:")
    server.listen()
    watch.put(key)


def test_tcp_lists_unlists_and_lists_again(web, probing, etcd):
    server, watch, key = web(), etcd.watch(), key_of(PORT)
    agent = probing(type="tcp", target=server.target)
    watch.put(key)
    agent.wait_health("unknown -> up", reason="CONNECTED")
    server.close()
    watch.gone(key)
    agent.wait_health("up -> down", reason="REFUSED")
    server.listen()
    watch.put(key)
    assert not server.requests
    assert connected_ports(agent.child.pid).count(server.port) <= 1  # one that is being probed


@pytest.mark.parametrize("kind", ["tcp", "http"])
def test_a_unix_socket_is_probed_too(kind, web, probing, etcd, tmp_path):
    server = web(path=tmp_path / "service.sock")
    watch, key = etcd.watch(), key_of(PORT)
    agent = probing(type=kind, target=server.target)
    watch.put(key)
    server.close()
    watch.gone(key)
    agent.wait_log(rf"health up -> down .*reason=REFUSED .*nothing listens on unix:{server.path}")
    server.path.unlink()  # not even the file
    server.listen()
    watch.put(key)


def test_exec_lists_unlists_and_lists_again(probing, etcd, tmp_path):
    sick, watch, key = tmp_path / "sick", etcd.watch(), key_of(PORT)
    script = f"echo looking; [ ! -e {sick} ] || {{ echo the disk is full >&2; exit 3; }}"
    agent = probing(type="exec", command=words("/bin/sh", "-c", script))
    watch.put(key)
    agent.wait_health("unknown -> up", reason="EXEC_OK")
    sick.touch()
    watch.gone(key)
    agent.wait_log(r'up -> down .*reason=EXEC_FAILED .*"/bin/sh: it exited with 3: the disk is full"')
    sick.unlink()
    watch.put(key)


def test_a_real_server_is_stopped_and_killed(probing, etcd, closing, tmp_path):
    (tmp_path / "healthz").write_text("well\n")
    server = closing(RealServer(tmp_path).start())
    watch, key = etcd.watch(), key_of(PORT)
    agent = probing(type="http", target=f"127.0.0.1:{server.port}", timeout="2s")
    watch.put(key)
    server.pause()
    watch.gone(key)
    agent.wait_health("up -> down", reason="DEADLINE")
    server.resume()
    watch.put(key)
    (tmp_path / "healthz").unlink()
    watch.gone(key)
    agent.wait_log("reason=HTTP_STATUS .*status 404")
    (tmp_path / "healthz").write_text("well\n")
    watch.put(key)
    server.kill()
    watch.gone(key)
    agent.wait_health("up -> down", reason="REFUSED")


# ---- http ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer, closes, reason, sentence", [
    (status(204), False, "HTTP_OK", "GET /healthz answered with status 204"),
    (status(302), False, "HTTP_OK", "302"),
    (status(404), False, "HTTP_STATUS", "404"),
    (status(503), False, "HTTP_STATUS", "503"),
    (b"HTTP/1.0 200 OK\r\n\r\nto the end", True, "HTTP_OK", "200"),
    (endless_body, False, "HTTP_OK", "200"),
    (slow_body, False, "DEADLINE", "no whole answer"),
    (hang, False, "DEADLINE", "no answer"),
    (reset, False, "RESET", "ended before an answer"),
    (b"", True, "RESET", "ended before an answer"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", True, "RESET", "before the whole answer"),
    (b"220 mail.example.org ESMTP\r\n", True, "NOT_HTTP", "does not answer in HTTP"),
    (b"HTTP/1.1 OK\r\n\r\n", True, "NOT_HTTP", "does not answer in HTTP"),
    (b"\x15\x03\x01\x00\x02\x02\x16", True, "NOT_HTTP", "does not answer in HTTP"),
])
def test_each_answer_has_its_reason(answer, closes, reason, sentence, web, write):
    server = web(answer=answer)
    server.closes = closes
    # Who is to be anything else must not be late; one that hangs up is asked again until then.
    timeout = {"DEADLINE": "3s", "RESET": "5s"}.get(reason, "60s")
    code, found, line = probe_once(write, **http(server, timeout=timeout))
    assert (code, found) == (0 if reason == "HTTP_OK" else 1, reason)
    assert sentence in line


def test_the_range_of_statuses_is_the_users(web, write):
    server = web(answer=status(302))
    assert probe_once(write, **http(server, status="200-299"))[:2] == (1, "HTTP_STATUS")
    assert probe_once(write, **http(server, status=302))[:2] == (0, "HTTP_OK")
    assert len(server.requests) == 2  # no redirect was followed


def test_headers_and_the_path_go_out_as_they_are_set(web, write):
    server = web()
    headers = '{Host: shop.example.org, authorization: Bearer a b, X-Empty: "", User-Agent: prober}'
    probe_once(write, **http(server, path="/a/../b%20c?d=e&f", metadata=headers))
    lines = server.requests[0].split("\r\n")
    assert lines[0] == "GET /a/../b%20c?d=e&f HTTP/1.1"
    assert {"Host: shop.example.org", "authorization: Bearer a b", "X-Empty:",
            "User-Agent: prober", "Accept: */*"} == {line for line in lines[1:] if line}


def test_no_proxy_of_the_environment_is_asked(web, write):
    server, proxy = web(), web()
    proxies = {name: f"http://{proxy.target}" for name in ("http_proxy", "all_proxy", "ALL_PROXY")}
    assert probe_once(write, proxies, **http(server))[:2] == (0, "HTTP_OK")
    assert (len(server.requests), len(proxy.requests)) == (1, 0)


def test_one_connection_is_kept_and_replaced_unheard(web, probing, etcd):
    server, watch, key = web(), etcd.watch(), key_of(PORT)
    agent = probing(**http(server))
    watch.put(key)
    until(lambda: len(server.requests) >= 5)
    assert server.connections == 1
    server.hang_up()
    until(lambda: len(server.requests) >= 10)
    assert server.connections == 2
    server.closes = True
    until(lambda: server.connections >= 7)
    agent.stop()
    watch.gone(key)
    watch.nothing_more(key)
    assert not agent.log.count("probe failed")


# A network of its own, with settings where these may be made, in which a program is run.
ALONE = """
import contextlib, fcntl, os, socket, struct, sys
name, value = sys.argv[1].split("=")
with contextlib.suppress(OSError), open(f"/proc/sys/net/{name}", "w") as file:
    file.write(value)
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
os.execv(sys.argv[2], sys.argv[2:])
"""


# All ports of that network are at the other end of a connection to this one already.
CROWDED = """
import contextlib, os, socket, sys
family = socket.AF_INET if sys.argv[1] == "127.0.0.1" else socket.AF_INET6
listener = socket.create_server((sys.argv[1], int(sys.argv[2])), family=family, backlog=64)
kept = [listener]
with contextlib.suppress(OSError):
    while True:
        kept.append(socket.create_connection((sys.argv[1], int(sys.argv[2]))))
for one in kept:
    os.set_inheritable(one.fileno(), True)
os.execv(sys.argv[3], sys.argv[3:])
"""


def probe_alone(setting, config, *within):
    need_network()
    alone = [*NETWORK, sys.executable, "-c", ALONE, setting, *within]
    return subprocess.run(
        [*alone, shutil.which(BINARY), "probe", "--config", config],
        env=environment(), capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("kind", ["tcp", "http", "grpc"])
@pytest.mark.parametrize("setting", [
    "ipv6/conf/all/disable_ipv6=1",
    f"ipv4/ip_local_port_range={PORT} {PORT}",  # so that a connection is made to itself
])
def test_a_port_where_nothing_listens_in_odd_networks(kind, setting, write):
    done = probe_alone(setting, write(descriptor("nowhere:1", PORT, probe={"type": kind, "timeout": "60s"})))
    assert done.returncode == 1, done.stderr
    assert "REFUSED in" in done.stdout and f"nothing listens on localhost:{PORT}" in done.stdout


@pytest.mark.parametrize("kind", ["tcp", "http", "grpc"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_no_port_is_left_to_connect_from(kind, address, write):
    """A service with so many clients on its machine is well: it must not be withdrawn for that."""
    if address == "::1":
        need_ipv6()
    config = write(descriptor("nowhere:1", PORT, probe={"type": kind, "timeout": "60s"}))
    within = [sys.executable, "-c", CROWDED, address, str(PORT)]
    done = probe_alone("ipv4/ip_local_port_range=40000 40007", config, *within)
    assert done.returncode == 1, done.stderr
    assert "NO_RESOURCES in" in done.stdout and "all ports for connections to it are in use" in done.stdout


# ---- http with TLS ------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def secure(issued, clients=None):
    """A server's side of TLS; `clients`: the authority whose certificates they must show."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.cert, issued.key)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients.cert)
    return context


def tls(authority, **keys):
    return "{" + ", ".join(f"{k}: {v}" for k, v in {"ca_file": authority.cert, **keys}.items()) + "}"


def test_https_lists_and_sees_certificates_that_were_replaced(authority, web, probing, etcd, tmp_path):
    issued, watch, key = authority.issue("server"), etcd.watch(), key_of(PORT)
    server = web(tls=secure(issued))
    agent = probing(**http(server, tls=tls(authority)))
    watch.put(key)
    assert server.requests[0].startswith("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:")
    other = Authority(tmp_path, "other")
    server.tls = secure(other.issue("server"))
    server.hang_up()
    watch.gone(key)
    agent.wait_health("up -> down", reason="TLS_ERROR")
    os.replace(other.cert, authority.cert)
    watch.put(key)


def test_https_says_what_is_wrong(authority, web, write, tmp_path):
    def line_of(server, **keys):
        code, reason, line = probe_once(write, **http(server, tls=tls(authority, **keys)))
        assert code == (0 if reason == "HTTP_OK" else 1)
        return line

    server = web(tls=secure(authority.issue("elsewhere", hosts=["elsewhere.example.org"])))
    assert "TLS_ERROR" in (line := line_of(server)) and "does not hold the name" in line
    assert "HTTP_OK" in line_of(server, server_name="elsewhere.example.org")
    assert "\r\nHost: elsewhere.example.org:" in server.requests[-1]
    expired = web(tls=secure(authority.issue("expired", expired=True)))
    assert "TLS_ERROR" in (line := line_of(expired)) and "expired" in line
    assert "TLS_ERROR" in (line := line_of(web())) and "does not answer in TLS" in line
    asking = web(tls=secure(authority.issue("asking"), clients=authority))
    assert "TLS_ERROR" in (line := line_of(asking)) and "wants a certificate of ours" in line
    ours = authority.issue("ours")
    assert "HTTP_OK" in line_of(asking, cert_file=ours.cert, key_file=ours.key)
    stranger = Authority(tmp_path, "stranger").issue("ours")
    assert "TLS_ERROR" in line_of(asking, cert_file=stranger.cert, key_file=stranger.key)
    assert "TLS_FILES" in line_of(asking, cert_file=ours.cert, key_file=stranger.key)


# ---- exec ---------------------------------------------------------------------------------------


def children_of(pid):
    """{pid: state} of the processes that the process has started and that are not reaped."""
    found = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found[int(stat.parent.name)] = fields[0]
    return found


def lives(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_command_that_hangs_is_killed_with_all_that_it_started(probing, etcd, tmp_path):
    pids = tmp_path / "pids"
    script = (f"trap '' TERM; echo $$ >> {pids}; "
              f"sh -c 'trap \"\" TERM; echo $$ >> {pids}; sleep 600 & echo $! >> {pids}; wait' & "
              "echo waiting; wait; wait")
    agent = probing(type="exec", timeout="2s", command=words("/bin/sh", "-c", script))
    agent.wait_log(r'unknown -> down .*reason=DEADLINE .*did not end within 2 s .*: waiting"')
    until(lambda: len(pids.read_text().split()) >= 12)
    agent.stop()
    until(lambda: not any(lives(int(pid)) for pid in pids.read_text().split()))
    assert not etcd.get()


def test_no_command_stays_a_zombie(probing, etcd, tmp_path):
    runs = tmp_path / "runs"
    agent = probing(type="exec", command=words("/bin/sh", "-c", f"echo >> {runs}; sleep 0.01 & :"))
    etcd.watch().put(key_of(PORT))
    until(lambda: len(runs.read_text()) >= 20)
    until(lambda: "Z" not in children_of(agent.child.pid).values())
    until(lambda: len(children_of(agent.child.pid)) <= 1)  # one may end while another is listed


def test_a_command_that_never_stops_talking_does_no_harm(web, agent, etcd, write):
    server, watch = web(), etcd.watch()
    flood = {**QUICK, "type": "exec", "timeout": "300ms", "command": words("yes", "x" * 500)}
    both = agent(
        descriptor(etcd, PORT, name="talker", probe=flood),
        descriptor(etcd, PORT, probe={**QUICK, **http(server)}, register={"ttl": "6s"}),
    )
    watch.put(key_of(PORT))
    both.wait_log("health unknown -> down service=talker reason=DEADLINE")
    etcd.outlast(6)
    assert key_of(PORT) in etcd.get()
    server.close()
    watch.gone(key_of(PORT))


def test_a_command_that_is_not_there_says_nothing(probing, etcd, tmp_path):
    command, watch, key = tmp_path / "check", etcd.watch(), key_of(PORT)
    agent = probing(type="exec", command=words(command))
    agent.wait_log(rf'cannot probe .*reason=EXEC_MISSING .*"{command} cannot be run: No such file')
    assert not etcd.get()
    fresh = tmp_path / "fresh"
    fresh.write_text("#!/bin/sh\n")
    fresh.chmod(0o755)
    os.replace(fresh, command)
    watch.put(key)
    seen = len(agent.log.lines)
    command.unlink()
    agent.wait_log("cannot probe", since=seen)
    agent.stop()
    assert not agent.log.count("health up -> down")


def test_what_a_command_sees_of_the_agent(write, tmp_path):
    seen = tmp_path / "seen"
    script = f"env | cut -d= -f1 | sort > {seen}; ls /proc/self/fd >> {seen}"
    probe = {"type": "exec", "command": words("/bin/sh", "-c", script), "timeout": "60s"}
    text = descriptor("nowhere:1", PORT, probe=probe)
    assert run("probe", "--config", write(text), env={"ETCD_PASSWORD": "secret"}).returncode == 0
    allowed = {"PATH", "HOME", "LANG", "TZ", "SVC_AGENT_SERVICE", "PWD", "SHLVL", "_", "OLDPWD"}
    assert set(seen.read_text().split()) <= allowed | {"0", "1", "2", "3"}


# ---- all ----------------------------------------------------------------------------------------


def test_one_agent_runs_every_type(web, serve, agent, etcd):
    server, grpc, watch = web(), serve("go"), etcd.watch()
    probes = {
        "by-grpc": {"target": f"127.0.0.1:{grpc.port}"},
        "by-tcp": {"type": "tcp", "target": server.target},
        "by-http": http(server),
        "by-exec": {"type": "exec", "command": words("true")},
    }
    agent(*(descriptor(etcd, PORT, name=name, probe=probe) for name, probe in probes.items()))
    for name in probes:
        watch.put(key_of(PORT, name))
    server.close()
    watch.gone(key_of(PORT, "by-tcp"))
    watch.gone(key_of(PORT, "by-http"))
    assert set(etcd.get()) == {key_of(PORT, "by-grpc"), key_of(PORT, "by-exec")}


def test_the_limit_of_open_files_is_raised_for_what_they_need(web, agent, etcd):
    server, watch = web(), etcd.watch()
    names = [f"service-{n}" for n in range(60)]
    many = agent(
        *(descriptor(etcd, PORT, name=name, probe=http(server)) for name in names),
        nofile="150:1000",
    )
    for name in names:
        watch.put(key_of(PORT, name))
    assert not many.log.count("cannot probe")
    assert not many.log.count("limit of open files")


def test_the_limit_of_open_files_has_room_for_what_a_reload_brings(web, agent, etcd, write):
    """Both are there for a while: what was, and what takes its place."""
    server, watch = web(), etcd.watch()
    names = [f"service-{n}" for n in range(60)]

    def turn(interval):
        for name in names:
            probe = {**http(server), "interval": interval}
            write(descriptor(etcd, PORT, name=name, probe=probe), f"many/{name}.yaml")

    turn("5s")
    many = agent(configs=[str(write("", "many/none").parent)], nofile="150:1000")
    first = {name: watch.put(key_of(PORT, name)).lease for name in names}
    turn("6s")
    many.signal(signal.SIGHUP)
    for name in names:
        assert watch.put(key_of(PORT, name)).lease != first[name]
    assert not many.log.count("cannot probe")
    assert not many.log.count("limit of open files")
