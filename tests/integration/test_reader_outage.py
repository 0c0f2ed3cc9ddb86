# SPDX-License-Identifier: Apache-2.0
"""etcd is away, comes back, has lost something, or goes silent: what is written meanwhile.

What was published last stays in the file, marked as stale with its age, until etcd says what is
true now.
"""

import json
import time

import pytest

from lib.descriptor import NAME, descriptor
from lib.document import addresses
from lib.gateway import encode
from lib.ports import free_port
from lib.proxy import TcpProxy
from lib.reader import at, delete, put, reader

# After ten seconds without news an audit asks whether something was missed; it takes two tries
# a second apart to believe it, and one with a member that is silent takes two seconds.
AUDITED = 90
MOMENT = 0.9  # seconds that etcd may be away, and nothing is stale


@pytest.fixture
def way(etcd, closing):
    return closing(TcpProxy(etcd.port))


@pytest.fixture
def line(way, follow):
    """A reader that reaches etcd through a proxy: (agent, document)."""
    return lambda **sections: follow(f"[{way.endpoint}]", **sections)


def compact(etcd):
    revision = etcd.call("kv/range", {"key": encode("x")})["header"]["revision"]
    etcd.call("kv/compaction", {"revision": revision, "physical": True})


# ---- the order of starting ---------------------------------------------------------------


def test_the_reader_is_there_before_etcd(etcds, follow):
    etcd = etcds()
    sidecar, written = follow(etcd)
    sidecar.wait_log("cannot follow the service yet.*tries=2 ")
    assert not written.path.exists()  # nothing is known: an empty list would be a lie
    etcd.start()
    written.lists()
    put(etcd, 1)
    written.lists(*at(1))
    sidecar.wait_log("info  etcd answers again")


def test_an_agent_is_restarted_while_etcd_is_away(etcd, agent, document):
    put(etcd, 1, 2)
    written, other = document(), document("other")
    text = reader(etcd, {NAME: [written.path, other.path]})
    first = agent(text)
    written.lists(*at(1, 2))
    etcd.stop()
    age = written.is_stale()["age_seconds"]
    first.stop()
    second = agent(text)
    again = written.wait(lambda d: d["stale"] and d["age_seconds"] > age, timeout=60)
    assert addresses(again) == at(1, 2)
    other.wait(lambda d: d["stale"] and addresses(d) == at(1, 2), timeout=60)
    second.wait_log("info  going on from what was published before .*instances=2")
    second.wait_log("warn  etcd does not confirm the instances: what was published last is kept")
    etcd.start()
    written.lists(*at(1, 2))
    put(etcd, 3)
    written.lists(*at(1, 2, 3))
    other.lists(*at(1, 2, 3))
    for each in (written, other):
        each.assert_never(lambda d: not {*at(1, 2)} <= {*addresses(d)})


WRONG = {"empty": "", "cut": '{"service":', "no object": "[]", "bytes": "\0\1\2" * 9999}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_a_file_that_cannot_be_read_back_is_replaced(text, etcd, follow, document):
    put(etcd, 1)
    document().path.write_text(text)
    sidecar, written = follow(etcd)
    written.lists(*at(1))
    assert sidecar.log.count("going on from") == 0


def test_the_file_of_another_service_is_not_believed(etcd, etcds, follow, document):
    put(etcd, 1)
    sidecar, written = follow(etcd)
    mine = written.lists(*at(1))
    sidecar.stop()
    etcd.stop()
    written.path.write_text(json.dumps({**mine, "service": "another-service"}))
    again, _ = follow(etcd)
    again.wait_log("cannot follow the service yet.*tries=2 ")
    assert again.log.count("going on from") == 0
    etcd.start()
    written.lists(*at(1))


# ---- away and back -----------------------------------------------------------------------


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_etcd_restarted(end, etcd, follow):
    put(etcd, 1, 2)
    sidecar, written = follow(etcd)
    written.lists(*at(1, 2))
    first = written.seen
    getattr(etcd, end)()
    stale = written.is_stale()
    assert addresses(stale) == at(1, 2)
    sidecar.wait_log(rf"warn  etcd does not confirm the instances: .*service={NAME} instances=2")
    etcd.start()
    written.lists(*at(1, 2))
    sidecar.wait_log("info  the instances are confirmed, not stale any more")
    put(etcd, 3)
    delete(etcd, 1)
    written.lists(*at(2, 3))
    written.assert_never(lambda d: d["instances"] == [], first)
    assert written.renames <= 5  # the list, stale, confirmed, and two changes


def test_etcd_is_away_for_a_moment_and_nobody_is_bothered(line, way, etcd):
    """Less than a second: the file is not touched when nothing has changed."""
    ports = [1]
    put(etcd, 1)
    sidecar, written = line()
    written.lists(*at(1))
    for more in range(10, 20):
        since, seen, cut = len(sidecar.log.lines), written.renames, time.monotonic()
        way.cut()
        sidecar.log.wait("cannot follow the service yet", 60, since)
        way.open()
        sidecar.log.wait("etcd answers again", 60, since)
        if time.monotonic() - cut < MOMENT:
            break
        ports.append(more)  # it was more than a moment: all that came of it comes before this one
        put(etcd, more)
        written.lists(*at(*ports))
    else:
        pytest.skip("the machine is too busy for a connection within a second")
    put(etcd, 2)
    written.lists(*at(*ports, 2))
    assert written.renames == seen + 1
    assert sidecar.log.find("stale", since) is None


def test_watches_that_lose_their_connection_while_they_open(way, etcd, agent, document):
    """They meet on a new one, and none of them waits for another to end."""
    names = [f"service-{i}" for i in range(20)]
    written = {name: document(name) for name in names}
    way.freeze(first=1)  # the first is for reads, the second for watches
    text = reader(
        f"[{way.endpoint}]",
        {name: d.path for name, d in written.items()},
        etcd={"request_timeout": "60s"},
        log={"level": "debug"},
    )
    sidecar = agent(text)
    for name in names:
        sidecar.wait_log(f"following reading -> opening prefix=/services/{name}/")
    way.wait_held()
    way.end_connections()
    way.thaw()
    for name in names:
        sidecar.wait_log(f"following opening -> live prefix=/services/{name}/", timeout=60)
        put(etcd, 1, name=name)
        written[name].lists(*at(1))
    assert sidecar.log.count("no answer to a watch in time") == 0
    assert way.accepted <= 4  # one for reads and one for watches, and each once more


def test_what_happened_meanwhile(line, way, etcd):
    put(etcd, 1, 2, 3, 4)
    _, written = line()
    written.lists(*at(1, 2, 3, 4))
    way.cut()
    written.is_stale()
    delete(etcd, 1)
    put(etcd, 5)
    way.open()
    written.lists(*at(2, 3, 4, 5))


def test_the_last_one_that_went_meanwhile_is_kept_and_that_is_said(line, way, etcd):
    put(etcd, 1)
    sidecar, written = line(discover={"on_empty": "keep"})
    written.lists(*at(1))
    way.cut()
    written.is_stale()
    delete(etcd, 1)
    way.open()
    sidecar.wait_log("etcd was away and has lost 1 of 1 instances")
    sidecar.wait_log("warn  .*the last instance is gone: what was published last is kept")
    assert addresses(written.is_stale()) == at(1)


def test_compacted_while_it_was_cut_off(line, way, etcd):
    put(etcd, 1, 2, 3, 4)
    _, written = line()
    written.lists(*at(1, 2, 3, 4))
    way.cut()
    written.is_stale()
    delete(etcd, 1)
    put(etcd, *range(5, 20))
    compact(etcd)
    way.open()
    written.lists(*at(2, 3, 4, *range(5, 20)))
    put(etcd, 20)  # and it goes on to follow
    written.lists(*at(2, 3, 4, *range(5, 21)))


def test_compacted_between_its_read_and_its_watch(line, way, etcd):
    """The watch would begin with what is not kept any more: all is read anew."""
    put(etcd, 1, 2)
    way.freeze(1)  # the first connection is for calls, the second for watches
    sidecar, written = line(etcd={"request_timeout": "60s"}, log={"level": "debug"})
    written.lists(*at(1, 2))
    way.wait_held()
    put(etcd, 3)
    delete(etcd, 1)
    compact(etcd)
    way.thaw()
    written.lists(*at(2, 3))
    sidecar.wait_log(r"a watch has ended .*\(compacted\)")
    put(etcd, 4)  # and it goes on to follow
    written.lists(*at(2, 3, 4))
    assert sidecar.log.count("stale|cannot") == 0


def test_a_restored_etcd_that_is_wiped_takes_nothing_from_the_file(etcd, serve, agent, document):
    """The agents that register come back within their TTL; until then the old list stands."""
    server, written = serve(), document()
    ports = [free_port() for _ in range(4)]
    texts = [
        descriptor(
            etcd,
            port,
            probe={"target": f"127.0.0.1:{server.port}"},
        )
        for port in ports
    ]
    agent(*texts)
    follower = agent(reader(etcd, {NAME: written.path}))
    written.lists(*at(*ports))
    first = written.seen - 1
    for i in range(20):
        etcd.put(f"/others/{i}", "")  # so that it was further on than it will be
    etcd.stop()
    written.is_stale()
    etcd.wipe()
    etcd.start()
    written.lists(*at(*ports), timeout=60)
    written.assert_never(lambda d: {*addresses(d)} != {*at(*ports)}, first)
    follower.wait_log("info  the instances are confirmed, not stale any more")


def test_wiped_and_nobody_comes_back(etcd, follow):
    """After one TTL it is the truth, and written."""
    put(etcd, 1, 2)
    sidecar, written = follow(etcd)
    written.lists(*at(1, 2))
    etcd.stop()
    etcd.wipe()
    began, since = time.monotonic(), written.seen
    etcd.start()
    sidecar.wait_log(r"warn  etcd was away and has lost 2 of 2 instances: kept .* for=\d")
    written.lists(timeout=90)
    *held, last = written.versions[since:]
    assert all(each.document["stale"] and addresses(each.document) == at(1, 2) for each in held)
    assert last.at - began > 10


def test_all_instances_go_at_once(etcd, follow):
    """It is true, and confirmed by another read: no reason to wait."""
    put(etcd, *range(1, 21))
    _, written = follow(etcd)
    written.lists(*at(*range(1, 21)))
    etcd.call("kv/deleterange", {"key": encode("/services/"), "range_end": encode("/services0")})
    written.lists()
    written.assert_never(lambda d: d["stale"])


# ---- silence -----------------------------------------------------------------------------


def test_connections_that_lead_nowhere(etcd, closing, agent, document):
    """Half-open: no error ever comes. Neither does one when etcd itself hangs."""
    put(etcd, 1)
    readers = {}
    for what, silence in {
        "calls": lambda way: way.swallow(0),
        "watch": lambda way: way.swallow(1),
        "both": lambda way: way.swallow(),
        "all": lambda way: way.freeze(),
    }.items():
        way, written = closing(TcpProxy(etcd.port)), document(what)
        sidecar = agent(reader(f"[{way.endpoint}]", {NAME: written.path}))
        written.lists(*at(1))
        readers[what] = sidecar, way, written, silence
    for sidecar, way, written, silence in readers.values():
        way.wait_accepted(2)
    put(etcd, 2)  # on the watch
    for sidecar, way, written, silence in readers.values():
        written.lists(*at(1, 2))
        silence(way)
    put(etcd, 3)
    for what in ("calls", "watch", "both"):
        _, _, written, _ = readers[what]
        written.lists(*at(1, 2, 3), timeout=AUDITED)
    readers["watch"][0].wait_log("a watch has missed changes")
    sidecar, way, written, _ = readers["all"]
    stale = written.is_stale(timeout=AUDITED)
    assert addresses(stale) == at(1, 2)
    way.thaw()
    written.lists(*at(1, 2, 3))
    put(etcd, 4)
    for _, _, written, _ in readers.values():
        written.lists(*at(1, 2, 3, 4))


@pytest.mark.parametrize("n", [1, 3])
def test_a_member_that_does_not_answer_once_makes_nothing_stale(n, etcd, closing, follow):
    """It, or another one, is asked again before anybody is told; and no loss is held back later."""
    ways = [closing(TcpProxy(etcd.port)) for _ in range(n)]
    put(etcd, 1)
    patient = {"request_timeout": "5s"}  # who is asked again has that long
    sidecar, written = follow(f"[{', '.join(way.endpoint for way in ways)}]", etcd=patient)
    written.lists(*at(1))
    put(etcd, 2)
    written.lists(*at(1, 2))
    for way in ways:
        way.swallow()
    sidecar.wait_log("cannot follow the service yet", timeout=AUDITED)
    sidecar.wait_log("etcd answers again")
    for way in ways:
        way.end_connections()  # the watch is one of those that lead nowhere
    put(etcd, 3)
    written.lists(*at(1, 2, 3))
    delete(etcd, 1, 2, 3)
    written.lists()
    written.assert_never(lambda d: d["stale"])


def test_a_suspended_agent_reads_all_again(line, way, etcd, etcds):
    """Whatever its connections are worth by then."""
    clock = etcds("clock").start()
    put(etcd, 1)
    sidecar, written = line()
    written.lists(*at(1))
    way.wait_accepted(2)
    put(etcd, 2)  # on the watch
    written.lists(*at(1, 2))
    sidecar.pause()
    way.swallow(1)
    put(etcd, 3)
    clock.outlast(11)
    sidecar.resume()
    written.lists(*at(1, 2, 3))
    sidecar.wait_log("the agent, or the machine, was stopped .*: all is read anew")
    assert sidecar.log.count("missed") == 0  # it did not take an audit
