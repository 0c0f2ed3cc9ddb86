# SPDX-License-Identifier: Apache-2.0
"""What a reader reads from etcd and writes to its json documents, while nothing is amiss."""

import os
import re
import time

import pytest

from lib.descriptor import NAME, descriptor, key_of
from lib.document import addresses, seconds
from lib.gateway import encode
from lib.proxy import TcpProxy
from lib.reader import PREFIX, at, delete, put, reader, value

SETTLE = 0.05  # by default, seconds


def txn(etcd, puts=(), deletes=()):
    """All of it in one revision; `puts` are pairs of a port and a value."""
    etcd.call(
        "kv/txn",
        {
            "success": [
                {"request_put": {"key": encode(key_of(port)), "value": encode(text)}}
                for port, text in puts
            ]
            + [{"request_delete_range": {"key": encode(key_of(port))}} for port in deletes]
        },
    )


# ---- one service -------------------------------------------------------------------------


def test_put_change_delete(etcd, follow):
    sidecar, written = follow(etcd)
    first = written.lists()
    put(etcd, 50051)
    written.lists(*at(50051))
    sidecar.wait_log(rf"info  {NAME} instances changed: 1 added=1 removed=0 changed=0")
    etcd.put(key_of(50051), value(50051, version="2"))
    written.wait(lambda d: [i["metadata"] for i in d["instances"]] == [{"version": "2"}])
    sidecar.wait_log(rf"{NAME} instances changed: 1 added=0 removed=0 changed=1")
    delete(etcd, 50051)
    last = written.lists()
    sidecar.wait_log(rf"{NAME} instances changed: 0 added=0 removed=1 changed=0")
    assert [len(v.document["instances"]) for v in written.versions] == [0, 1, 1, 0]
    assert last["revision"] == first["revision"] + 3


def test_the_document_is_exact(etcd, follow):
    etcd.put(key_of(50051), value(50051, version="1.0.0", weight=100))
    _, written = follow(etcd)
    document = written.lists(*at(50051))
    now = seconds(document.pop("written_at"))
    assert abs(now - os.stat(written.path).st_mtime) < 5
    assert document == {
        "schema_version": 1,
        "service": NAME,
        "prefix": PREFIX,
        "revision": 2,
        "stale": False,
        "age_seconds": 0,
        "instances": [
            {
                "key": key_of(50051),
                "host": "localhost",
                "port": 50051,
                "protocol": "grpc",
                "address": "localhost:50051",
                "weight": 100,
                "metadata": {"version": "1.0.0", "weight": 100},
            }
        ],
    }
    text = written.path.read_text()
    assert text.count("\n") == 1 and text.endswith("}\n")
    assert os.listdir(written.path.parent) == [written.path.name]
    assert os.stat(written.path).st_mode & 0o777 == 0o644


def test_several_at_once_are_one_change(etcd, follow):
    sidecar, written = follow(etcd)
    written.lists()
    txn(etcd, [(port, value(port)) for port in range(1, 51)])
    written.lists(*at(*range(1, 51)))
    txn(etcd, [(port, value(port)) for port in range(51, 61)], deletes=range(1, 11))
    written.lists(*at(*range(11, 61)))
    assert written.renames == 3
    sidecar.wait_log("instances changed: 50 added=10 removed=10 changed=0")


def test_the_keys_of_neighbours_are_nobodys_business(etcd, follow):
    for name in (f"{NAME}-2", f"{NAME}X", f"{NAME}0", NAME[:-1], "a"):
        put(etcd, 1, name=name)
    etcd.put(f"/services/{NAME}", value(2))
    _, written = follow(etcd)
    written.lists()
    for name in (f"{NAME}-2", f"{NAME}X", f"{NAME}0", NAME[:-1], "a"):
        put(etcd, 3, name=name)
    etcd.put(f"/services/{NAME}", value(4))
    put(etcd, 5)
    written.lists(*at(5))
    assert written.renames == 2


def test_metadata_and_weight_are_as_written(etcd, follow):
    metadata = '{"a":1.10,"b":true,"c":null,"d":"\\u00e9\\n","e":12345678901234567890,"f":[1,{}]}'
    etcd.put(key_of(1), metadata[:-1] + ',"host":"h","port":1,"protocol":"http","weight":7}')
    etcd.put(key_of(2), value(2, weight="heavy"))
    etcd.put(key_of(3), value(3, weight=-1))
    etcd.put(key_of(4), value(4, weight=0))
    _, written = follow(etcd)
    document = written.wait(lambda d: len(d["instances"]) == 4)
    assert [i["weight"] for i in document["instances"]] == [7, 1, 1, 0]
    assert [i["protocol"] for i in document["instances"]] == ["http", "grpc", "grpc", "grpc"]
    assert document["instances"][0]["metadata"] == {
        "a": 1.1, "b": True, "c": None, "d": "\u00e9\n", "e": 12345678901234567890,
        "f": [1, {}], "weight": 7,
    }  # fmt: skip
    assert '"e":12345678901234567890' in written.path.read_text()


def test_ipv6(etcd, follow):
    etcd.put(f"{PREFIX}[::1]:50051", value(50051, "::1"))
    _, written = follow(etcd)
    [instance] = written.lists("[::1]:50051")["instances"]
    assert (instance["host"], instance["port"]) == ("::1", 50051)


# ---- what is no instance -----------------------------------------------------------------

BAD = {
    "not JSON": (b"{", b"not JSON"),
    "no object": (b"[]", b""),
    "empty": (b"", b""),
    "no host": (b'{"port":1}', b"host"),
    "an empty host": (b'{"host":"","port":1}', b"host"),
    "a host that is none": (b'{"host":"a b","port":1}', b"host"),
    "no port": (b'{"host":"a"}', b"port"),
    "port 0": (b'{"host":"a","port":0}', b"port"),
    "port 65536": (b'{"host":"a","port":65536}', b"port"),
    "a port that is text": (b'{"host":"a","port":"http"}', b"port"),
    "invalid UTF-8": (b'{"host":"a","port":1,"x":"\xff\xfe"}', b"UTF-8"),
    "1 MB": (b'{"host":"a","port":1,"x":"' + b"x" * 1_000_000 + b'"}', b""),
    "deep": (b'{"host":"a","port":1,"x":' + b"[" * 100_000, b""),
}


def bad_key(what):
    return PREFIX + what.replace(" ", "-")


@pytest.mark.parametrize("early", [True, False], ids=["read", "watched"])
def test_bad_values_are_named_once_and_passed_over(early, etcd, follow, closing):
    put(etcd, 1)
    if early:
        put_bad(etcd)
    way = closing(TcpProxy(etcd.port))
    sidecar, written = follow(f"[{way.endpoint}]")
    written.lists(*at(1))
    if not early:
        put_bad(etcd)
    put(etcd, 2)
    written.lists(*at(1, 2))
    for what in BAD:
        sidecar.wait_log(rf"warn  passed over a key that is no instance .*key={bad_key(what)} ")
    # They are not named anew by what happens beside them, nor by another read of all.
    accepted = way.accepted
    way.end_connections()
    way.wait_accepted(accepted + 2)
    put(etcd, 3)
    written.lists(*at(1, 2, 3))
    assert sidecar.log.count("passed over a key") == len(BAD)
    assert max(len(line) for line in sidecar.log.lines) < 2000


def put_bad(etcd):
    for what, (text, _) in BAD.items():
        etcd.put(bad_key(what), text)


def test_the_reason_is_said(etcd, follow):
    put_bad(etcd)
    sidecar, _ = follow(etcd)
    for what, (_, reason) in BAD.items():
        sidecar.wait_log(rf"passed over .*key={bad_key(what)} .*{reason.decode()}")


def test_a_bad_value_takes_its_instance_away_until_it_is_good(etcd, follow):
    put(etcd, 1, 2, 3)
    sidecar, written = follow(etcd)
    written.lists(*at(1, 2, 3))
    etcd.put(key_of(2), "broken")
    written.lists(*at(1, 3))
    etcd.put(key_of(2), "broken")  # written again: it is new to whoever mends it
    etcd.put(key_of(2), value(2))
    written.lists(*at(1, 2, 3))
    assert sidecar.log.count("passed over a key") == 2


@pytest.mark.parametrize(
    "name, shown",
    [(b"a\0b", r"a\?b"), (b"\xff\xfe", r"(\\\\?x..|\?)"), (b"a\nb", r".*")],
    ids=["NUL", "no UTF-8", "a line break"],
)
def test_a_key_of_any_bytes(name, shown, etcd, follow):
    etcd.put(PREFIX.encode() + name, value(1))
    put(etcd, 2)
    sidecar, written = follow(etcd)
    written.wait(lambda d: "localhost:2" in addresses(d))
    etcd.put(PREFIX.encode() + name + b"2", value(3))
    put(etcd, 4)
    written.wait(lambda d: "localhost:4" in addresses(d))
    if name == b"a\0b":
        sidecar.wait_log(rf'passed over .*key="?{PREFIX}{shown}"? .*NUL')
        assert sorted(addresses(written.latest)) == at(2, 4)
    for line in sidecar.log.lines:  # a key is no way to write lines of the log
        assert line.startswith("20"), line


def test_values_of_others_that_fill_more_than_an_answer(etcd, follow):
    """Whoever writes ten megabytes below the prefix keeps nobody from being read."""
    put(etcd, 50051, 50052)
    for port in range(8):
        etcd.put(key_of(port), "x" * 1_200_000)
    sidecar, written = follow(etcd)
    written.lists(*at(50051, 50052))
    sidecar.wait_log("following .* live|is no instance|passed over")
    put(etcd, 50053)
    written.lists(*at(50051, 50052, 50053))


def test_a_storm_is_not_a_line_each(etcd, follow):
    """The first are told one by one, and the rest in sums: nothing is left out."""
    sidecar, written = follow(etcd)
    written.lists()
    began = time.monotonic()
    for port in range(1, 101):
        put(etcd, port)
        etcd.put(f"{PREFIX}bad-{port}", "")
        if port <= 20:  # one by one: else a reader that is late hears of several at once
            sidecar.wait_log(f"passed over a key that is no instance .*key={PREFIX}bad-{port} ")
    written.lists(*at(*range(1, 101)))
    sidecar.wait_log("passed over more keys")
    sidecar.stop()  # says what is left
    added = re.findall(r"instances changed: \d+ added=(\d+)", sidecar.log.text())
    more = re.findall(r"passed over more keys .*more=(\d+)", sidecar.log.text())
    named = sidecar.log.count("passed over a key that is no instance")
    assert sum(map(int, added)) == 100
    assert named + sum(map(int, more)) == 100
    most = 25 + time.monotonic() - began  # twenty, and one a second
    assert 20 <= named < most and 20 <= len(added) < most


# ---- several services, files and clusters ------------------------------------------------


def test_one_agent_registers_and_reads(etcd, serve, agent, document):
    server, written = serve(), document()
    sidecar = agent(descriptor(etcd, server.port), reader(etcd, {NAME: written.path}))
    written.lists(f"localhost:{server.port}")
    server.status("NOT_SERVING")
    written.lists()
    server.status("SERVING")
    written.lists(f"localhost:{server.port}")
    sidecar.stop()
    # It withdraws and goes: what is read stays as it was, for the one that comes next.
    assert addresses(written.latest) in ([], [f"localhost:{server.port}"])


def test_several_services_and_readers_in_one_agent(etcd, agent, document):
    names = ["coupon-service", "point-service", "timesale-service"]
    one = {name: document(name) for name in names}
    other = {name: document(f"other-{name}") for name in names[1:]}
    texts = [reader(etcd, {n: d.path for n, d in group.items()}) for group in (one, other)]
    agent(*texts)
    for port, name in enumerate(names, 50051):
        put(etcd, port, name=name)
    for group in (one, other):
        for name, written in group.items():
            written.lists(*at(50051 + names.index(name)))
    delete(etcd, 50052, name="point-service")
    one["point-service"].lists()
    other["point-service"].lists()
    assert one["coupon-service"].lists(*at(50051))


def test_two_clusters_are_kept_apart(etcds, agent, document):
    near, far = etcds("near").start(), etcds("far").start()
    first, second = document("first"), document("second")
    agent(reader(near, {NAME: first.path}), reader(far, {NAME: second.path}))
    put(near, 1)
    put(far, 2)
    first.lists(*at(1))
    second.lists(*at(2))
    far.stop()
    second.is_stale()
    put(near, 3)
    first.lists(*at(1, 3))
    first.assert_never(lambda d: d["stale"])


def test_an_output_that_fails_harms_no_other(etcd, agent, document, tmp_path):
    good = document()
    folder = tmp_path / "missing"
    sidecar = agent(reader(etcd, {NAME: [folder / "bad.json", good.path]}))
    put(etcd, 1)
    good.lists(*at(1))
    sidecar.wait_log(rf"warn  an output needs attention .*{folder}/bad.json")
    put(etcd, 2)
    good.lists(*at(1, 2))
    folder.mkdir()
    sidecar.wait_log("info  an output works again", timeout=90)
    assert sidecar.log.count("an output needs attention") == 1
    assert (folder / "bad.json").read_text().count("localhost:2") > 0


# ---- when the last one goes, and how often it is written ---------------------------------


def test_on_empty_keep(etcd, follow):
    put(etcd, 1, 2)
    sidecar, written = follow(etcd, discover={"on_empty": "keep"})
    written.lists(*at(1, 2))
    delete(etcd, 1)
    written.lists(*at(2))
    delete(etcd, 2)
    stale = written.is_stale()
    assert addresses(stale) == at(2)
    sidecar.wait_log("warn  .*the last instance is gone.* kept")
    put(etcd, 3)
    written.lists(*at(3))
    written.assert_never(lambda d: d["instances"] == [])


def test_on_empty_keep_writes_nothing_when_there_never_was_one(etcd, follow):
    _, written = follow(etcd, discover={"on_empty": "keep"})
    written.lists()  # it is known that there is none, which is worth a file


def test_a_burst_is_written_a_few_times(etcd, follow):
    put(etcd, 1)
    _, written = follow(etcd)
    written.lists(*at(1))
    first = written.seen - 1
    put(etcd, *range(2, 202))
    written.lists(*at(*range(1, 202)))
    written.assert_settled(SETTLE, first)
    took = seconds(written.latest["written_at"]) - seconds(
        written.versions[first].document["written_at"]
    )
    assert written.renames - 1 <= 1 + took / SETTLE, f"{written.renames} renames in {took:.3f} s"


@pytest.mark.parametrize("settle", [0, 500])
def test_settle(settle, etcd, follow):
    put(etcd, 1)
    _, written = follow(etcd, discover={"settle": f"{settle}ms"})
    written.lists(*at(1))
    put(etcd, *range(2, 102))
    written.lists(*at(*range(1, 102)))
    written.assert_settled(settle / 1000)


def test_what_comes_back_at_once_is_not_written(etcd, follow):
    """The value is the same, so whoever watches the file has nothing to do."""
    put(etcd, 1)
    _, written = follow(etcd, discover={"settle": "0s"})
    written.lists(*at(1))
    for _ in range(20):
        put(etcd, 1)
    put(etcd, 2)
    written.lists(*at(1, 2))
    assert written.renames == 2
