# SPDX-License-Identifier: Apache-2.0
"""etcd behind a name: looked up again on each connect, every address of it tried, IPv4 and IPv6.

The agent has a /etc/hosts of its own. Where etcd "is" is a proxy on some address of the loopback,
so a name can move to another address while etcd and the witness stay.
"""

import pytest

from lib.descriptor import NAME as SERVICE
from lib.descriptor import descriptor, key_of
from lib.names import Names, NamingAgent, need_mounts
from lib.needs import need_ipv6
from lib.ports import free_port
from lib.proxy import TcpProxy
from lib.reader import at, put, reader

TTL = 6  # renewed every two seconds, so that one that is late by a few does not let it lapse
NAME = "etcd.example"


@pytest.fixture
def names(tmp_path):
    need_mounts()
    return Names(tmp_path / "hosts")


@pytest.fixture
def listening(etcd, closing):
    """Starts a proxy before etcd on an address and a port."""
    return lambda host, port: closing(TcpProxy(etcd.port, host, port))


@pytest.fixture
def naming(etcd, listening, serve, write, names):
    """Starts an agent on a server with these names; (agent, key of its service)."""

    def start(endpoint):
        server = serve()
        text = descriptor(
            f'["{endpoint}"]',
            server.port,
            register={"ttl": f"{TTL}s"},
            probe={"target": f"127.0.0.1:{server.port}"},
            etcd={"request_timeout": "1s"},
        )
        return run(text), key_of(server.port)

    def run(text):
        made.append(NamingAgent(names, [write(text)]))
        return made[-1]

    made = []
    start.run = run  # any descriptor
    yield start
    complaints = [complaint for agent in made for complaint in agent.close()]
    assert not complaints, complaints


def test_a_name_that_moves_is_followed(names, listening, naming, etcd):
    port, watch = free_port(), etcd.watch()
    first = listening("127.0.0.2", port)
    names.set(NAME, "127.0.0.2")
    agent, key = naming(f"{NAME}:{port}")
    put = watch.put(key)
    agent.wait_log("Service registered")
    names.set(NAME, "127.0.0.3")
    second = listening("127.0.0.3", port)
    assert second.accepted == 0
    first.cut()
    second.wait_accepted(1)
    etcd.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.leases() == [put.lease]
    assert agent.log.count("lease lost") == 0


def test_a_name_that_moves_is_followed_by_a_reader(names, listening, naming, etcd, document):
    port, written = free_port(), document()
    first = listening("127.0.0.2", port)
    names.set(NAME, "127.0.0.2")
    put(etcd, 1)
    naming.run(reader(f'["{NAME}:{port}"]', {SERVICE: written.path}))
    written.lists(*at(1))
    first.wait_accepted(2)  # for its calls, and for its watch
    names.set(NAME, "127.0.0.3")
    second = listening("127.0.0.3", port)
    first.cut()
    second.wait_accepted(2)
    put(etcd, 2)
    written.lists(*at(1, 2))


def test_a_name_that_moves_while_etcd_is_away(names, listening, naming, etcd):
    port, watch = free_port(), etcd.watch()
    first = listening("127.0.0.2", port)
    names.set(NAME, "127.0.0.2")
    agent, key = naming(f"{NAME}:{port}")
    watch.put(key)
    agent.wait_log("Service registered")
    first.cut()
    watch.gone(key)
    listening("127.0.0.3", port)
    names.set(NAME, "127.0.0.3")
    watch.put(key)


def test_a_name_that_is_not_known_yet(names, listening, naming, etcd):
    port, watch = free_port(), etcd.watch()
    listening("127.0.0.2", port)
    agent, key = naming(f"{NAME}:{port}")
    agent.wait_log(f"the name in {NAME}:{port} cannot be resolved")
    watch.nothing_more(key)
    names.set(NAME, "127.0.0.2")
    watch.put(key)


def test_only_the_last_of_several_addresses_listens(names, listening, naming, etcd):
    port, watch = free_port(), etcd.watch()
    names.set(NAME, "127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.7")
    last = listening("127.0.0.7", port)
    _, key = naming(f"{NAME}:{port}")
    put = watch.put(key)
    assert last.accepted >= 1
    etcd.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.leases() == [put.lease]


def test_an_address_that_falls_silent_is_left_for_another(names, listening, naming, etcd):
    port, watch = free_port(), etcd.watch()
    names.set(NAME, "127.0.0.4", "127.0.0.5")
    proxies = [listening(host, port) for host in names.known[NAME]]
    agent, key = naming(f"{NAME}:{port}")
    watch.put(key)
    agent.wait_log("Service registered")
    [used, *_] = [p for p in proxies if p.accepted > 0]
    [other] = [p for p in proxies if p is not used]
    used.freeze()
    other.wait_accepted(1)
    watch.wait_for(lambda _: watch.kinds(key)[-1] == "put", what="it to be listed")
    etcd.outlast(TTL)
    assert watch.kinds(key)[-1] == "put"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_name_of_both_families_of_which_one_listens(address, names, listening, naming, etcd):
    need_ipv6()
    port, watch = free_port(), etcd.watch()
    names.set("localhost", "127.0.0.1", "::1")
    listening(address, port)
    _, key = naming(f"localhost:{port}")
    watch.put(key)


def test_an_ipv6_address_as_the_endpoint(names, listening, naming, etcd):
    need_ipv6()
    proxy, watch = listening("::1", free_port()), etcd.watch()
    agent, key = naming(proxy.endpoint)
    watch.put(key)
    agent.wait_log(f"endpoints=\\[::1\\]:{proxy.port}")
