# SPDX-License-Identifier: Apache-2.0
"""The wall clock jumps by hours and by years, there and back: nothing that is decided depends on it.

But for certificates, which are valid by the wall clock, as everywhere.
"""

import calendar
import mmap
import os
import re
import struct
import time

import pytest

from lib.certs import Authority
from lib.descriptor import descriptor, key_of
from lib.outputs import reader_to, register, until
from lib.proxy import TcpProxy

LIBRARY = os.environ.get("SVC_WRONG_CLOCK", "wrong_clock.so")
TTL = 5
QUICK = {"interval": "200ms", "timeout": "10s"}
HOUR, YEAR = 3600, 365 * 24 * 3600
JUMPS = (HOUR, -HOUR, 200 * YEAR, -60 * YEAR, 9000 * YEAR, 0)
LINE = re.compile(r"^(-?\d{4,})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warn |info |debug) ")


class Clock:
    def __init__(self, folder):
        self.path = folder / "wrong-by"
        self.path.write_bytes(bytes(8))
        with open(self.path, "r+b") as file:
            self._at = mmap.mmap(file.fileno(), 8)
        self.env = {
            "LD_PRELOAD": LIBRARY,
            "WRONG_CLOCK": str(self.path),
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=1:exitcode=99",
        }

    def jump(self, seconds):
        """It is wrong by that from now on."""
        struct.pack_into("q", self._at, 0, seconds)


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


def years_off(line):
    return int(LINE.match(line).group(1)) - time.gmtime().tm_year


def test_a_service_is_looked_after_as_ever(clock, serve, agent, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    text = descriptor(etcd, server.port, register={"ttl": f"{TTL}s"}, probe=QUICK)
    sidecar = agent(text, env=clock.env)
    watch.put(key)
    sidecar.wait_log("Service registered")
    said = len(sidecar.log.lines)
    for jump in JUMPS:
        clock.jump(jump)
        etcd.outlast(TTL)
        watch.nothing_more(key)
    assert sidecar.log.lines[said:] == []
    clock.jump(20 * YEAR)
    server.status("NOT_SERVING")
    watch.gone(key)
    line = sidecar.wait_log("Service deregistered").string
    assert 19 <= years_off(line) <= 20
    clock.jump(-20 * YEAR)
    server.status("SERVING")
    watch.put(key)
    sidecar.wait_log("Service registered", since=said)
    sidecar.stop()
    warned, *lines = sidecar.log.lines
    assert "probe.timeout: warning: " in warned
    assert all(LINE.match(line) for line in lines), sidecar.log.text()


def test_a_reader_is_not_stale_by_it(clock, agent, etcd, document):
    register(etcd, 1)
    written = document()
    sidecar = agent(reader_to(etcd, {"type": "json", "path": written.path}), env=clock.env)
    written.wait(lambda d: len(d["instances"]) == 1, 60)
    since = written.seen
    for port, jump in enumerate((YEAR, -YEAR, HOUR, 0), 2):
        clock.jump(jump)
        register(etcd, port)
        latest = written.wait(lambda d, port=port: len(d["instances"]) == port, 60)
        stamp = time.strptime(latest["written_at"].partition(".")[0], "%Y-%m-%dT%H:%M:%S")
        assert abs(calendar.timegm(stamp) - time.time() - jump) < 60
    written.assert_never(lambda d: d["stale"] or d["age_seconds"] > 60, since)
    sidecar.stop()


def test_a_certificate_is_judged_by_the_wall_clock(clock, serve, agent, etcd, closing, tmp_path):
    """Decided so: it is what whoever issued it has promised. The sentence says which clock."""
    authority = Authority(tmp_path)
    server = serve(tls=authority.issue("server"))
    proxy = closing(TcpProxy(server.port))
    key, watch = key_of(proxy.port), etcd.watch()
    probe = {"tls": f"{{ca_file: {authority.cert}}}", **QUICK, "failure_threshold": 2}
    sidecar = agent(descriptor(etcd, proxy.port, probe=probe), env=clock.env)
    watch.put(key)
    clock.jump(YEAR)
    etcd.outlast(TTL)
    watch.nothing_more(key)  # a connection that is open stays so
    proxy.end_connections()
    sidecar.wait_log("health up -> down .*reason=TLS_ERROR.*expired")
    watch.gone(key)
    clock.jump(0)
    watch.put(key)
    until(lambda: sidecar.running)
