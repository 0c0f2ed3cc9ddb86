# SPDX-License-Identifier: Apache-2.0
"""Nobody knows names: at the start, and while registered. Whoever has an address is undisturbed."""

import pytest
from resolver import Resolver, ResolvingAgent

from lib.descriptor import descriptor, key_of
from lib.names import need_mounts
from lib.proxy import TcpProxy

TTL = 6
NAME = "etcd.example"
OPTIONS = "options timeout:10 attempts:1\n"  # longer than a TTL: whoever waits for that loses its key
SAID = {  # by whoever needs the name
    "silent": "no answer from etcd.example:[0-9]+ in time",
    "servfail": "the name in etcd.example:[0-9]+ cannot be resolved: Temporary failure",
    "absent": "the name in etcd.example:[0-9]+ cannot be resolved: Temporary failure",
}


@pytest.fixture
def resolver(closing):
    need_mounts()
    return closing(Resolver({NAME: ["127.0.0.1"]}))


class Two:
    """One service whose etcd has a name, one whose etcd has an address, in one agent."""

    def __init__(self, etcd, serve, closing, write, start):
        self.server, self.way = serve(), closing(TcpProxy(etcd.port))
        self.key, self.other = (key_of(self.server.port, name) for name in ("named", "addressed"))
        self.watch = etcd.watch()
        quick = {"register": {"ttl": f"{TTL}s"}, "probe": {"interval": "200ms"}}
        late = {"etcd": {"request_timeout": "500ms"}}
        texts = (
            descriptor(f"['{NAME}:{self.way.port}']", self.server.port, "named", **quick, **late),
            descriptor(etcd, self.server.port, "addressed", **quick),
        )
        self.agent = start([write(text) for text in texts])

    def undisturbed(self):
        self.watch.nothing_more(self.other)


@pytest.fixture
def two(etcd, serve, closing, write, tmp_path, resolver):
    made = []

    def start(resolv=None, nsswitch="hosts: files dns\n"):
        def begin(configs):
            made.append(
                ResolvingAgent(
                    tmp_path,
                    configs,
                    OPTIONS + f"nameserver {resolver.host}\n" if resolv is None else resolv,
                    nsswitch,
                )
            )
            return made[-1]

        return Two(etcd, serve, closing, write, begin)

    yield start
    complaints = [complaint for each in made for complaint in each.close()]
    assert not complaints, complaints


def fail(resolver, mode):
    resolver.mode = mode
    if mode == "absent":
        resolver.close()


def end(resolver):
    if resolver.mode == "absent":
        resolver.open()
    resolver.mode = "answer"


@pytest.mark.parametrize("mode", ["silent", "servfail", "absent"])
def test_while_registered(mode, two, resolver, etcd):
    at = two()
    at.watch.put(at.key)
    at.watch.put(at.other)
    at.agent.wait_log("Service registered: named")
    fail(resolver, mode)
    etcd.outlast(TTL)  # as long as the connection lasts no name is needed
    at.watch.nothing_more(at.key)
    at.way.end_connections()
    at.agent.wait_log(f"cannot renew the lease yet.*service=named.*{SAID[mode]}", timeout=60)
    at.watch.gone(at.key, timeout=60)
    assert at.agent.log.count("Service deregistered") == 0
    at.undisturbed()
    end(resolver)
    at.watch.put(at.key, timeout=60)
    at.undisturbed()


@pytest.mark.parametrize("mode", ["silent", "servfail", "absent"])
def test_at_the_start(mode, two, resolver):
    fail(resolver, mode)
    at = two()
    at.watch.put(at.other)
    at.agent.wait_log(f"cannot get a lease yet, trying again service=named.*{SAID[mode]}", timeout=60)
    at.agent.wait_log("cannot get a lease yet, trying again service=named tries=4", timeout=60)
    at.undisturbed()
    end(resolver)
    at.watch.put(at.key, timeout=60)
    at.undisturbed()


@pytest.mark.parametrize(
    "files", [{"resolv": ""}, {"nsswitch": ""}, {"nsswitch": "hosts: nothing\n"}], ids=str
)
def test_without_its_files(files, two):
    """glibc has an answer to each of these; whichever it is, it ends nothing."""
    at = two(**files)
    at.watch.put(at.other)
    at.agent.wait_log("service=named|registered: named", timeout=60)
    at.server.status("NOT_SERVING")
    at.watch.gone(at.other)
