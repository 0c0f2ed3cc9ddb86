# SPDX-License-Identifier: Apache-2.0
"""An etcd that lies to whoever reads there, and keys that somebody hostile has written.

One agent reads a service for each lie, each from an etcd of its own, and one from an etcd that is
honest all along. What is right in each case:

- what was listed stays listed, and nothing else is ever written to the file;
- who reads asks no more often than the back-off makes it;
- /healthz answers, and the honest service is followed at once;
- when the lies end, a new instance is listed.

Of a page or news with a key that was not asked for, out of order, or of what has not happened yet,
nothing is believed. Values that are no instances are passed over; there is room for 100,000 keys.
"""

import threading
import time

import pytest

import lies
from lib.document import Document, addresses
from lib.fake_etcd import FakeEtcd, Kv, pack
from lib.metrics import Metrics
from lib.outputs import until
from lib.ports import free_port
from lib.reader import reader, value
from lies import MEGABYTE, instead, with_fields, with_header
from only import chosen, must_match

SECONDS = 3.0  # that the lies last, at least: rates are judged
CALLS, CALLS_A_SECOND = 40, 15
MAX = (1 << 63) - 1
HONEST = ["localhost:1", "localhost:2"]
DELETED = 1


def event(key, revision, text="", deleted=False, **kv):
    kv = Kv(key.encode(), text if isinstance(text, bytes) else text.encode(), 0, revision).pack(**kv)
    return pack((1, DELETED if deleted else None), (2, kv))


def news(case, *events, **more):
    """Tells whoever watches; the header is honest unless `header` has lies for it."""
    own = [(n, v) for n, v in ((3, more.get("created")), (4, more.get("canceled")), (5, more.get("compact")),
                               (7, more.get("fragment"))) if v is not None]  # fmt: skip
    message = pack((1, case.etcd.header(**more.get("header", {}))), *own, *((11, e) for e in events))
    for watch in list(case.etcd.watches):
        watch.say(message)


def tells(*events, **more):
    """A lie that is told once, in a watch that is open. An event: f(case) gives it."""
    return lambda case: news(case, *(make(case) for make in events), **more)


def put(tail, port=9, ahead=1, **kv):
    return lambda case: event(case.key(tail), case.etcd.revision + ahead, value(port), **kv)


def gone(port, ahead=1):
    return lambda case: event(case.key(f"localhost:{port}"), case.etcd.revision + ahead, deleted=True)


def foreign(key):
    return lambda case: event(key, case.etcd.revision + 1, value(9))


def floods(make, **more):
    """One news after the other while the lies last."""

    def act(case):
        def run():
            n = 0
            while case.lying and n < 100000:
                n += 1
                news(case, make(case, n), **more)

        case.in_background(run)

    return act


def one_key(case, n):
    """The value of one key, as it is or as it is not, a thousand times a second."""
    return event(case.key("localhost:1"), case.etcd.revision, value(1, weight=n))


ALL_GONE = (gone(1), gone(2))
AHEAD = {"revision": 5000}

# name -> what is done, once, while its watch is open.
TOLD = {
    "foreign_prefix": tells(foreign("/elsewhere/x/localhost:9"), header=AHEAD),
    "foreign_service": tells(foreign("/services/foreign/localhost:9"), header=AHEAD),
    "foreign_and_own": tells(put("localhost:9"), foreign("/x"), header=AHEAD),
    "key_of_nothing": tells(lambda case: pack((2, b""))),
    "event_without_key": tells(lambda case: b""),
    "event_of_the_future": tells(put("localhost:9", mod=1 << 62)),
    "event_of_the_past": tells(put("localhost:9", ahead=-90)),
    "delete_what_never_was": tells(gone(77), header=AHEAD),
    "delete_all": tells(*ALL_GONE, header=AHEAD),
    "delete_all_in_the_past": tells(gone(1, -90), gone(2, -90)),
    "delete_all_elsewhere": tells(*ALL_GONE, header={"cluster": 99}),
    "delete_all_in_an_old_term": tells(*ALL_GONE, header={"term": 1}),
    "future_without_events": tells(header={"revision": MAX, "term": MAX}),
    "negative_revision": tells(*ALL_GONE, header={"revision": -MAX}),
    "created_again": tells(created=1),
    "canceled": tells(canceled=1),
    "canceled_and_created": tells(created=1, canceled=1),
    "compacted_for_nothing": tells(canceled=1, compact=MAX),
    "compacted_below_0": tells(canceled=1, compact=-5),
    "garbage": lambda case: [watch.say(lies.GARBAGE) for watch in case.etcd.watches],
    "bomb": lambda case: [watch.say(lies.sub_messages(11, 2 * MEGABYTE)) for watch in case.etcd.watches],
    "longer_than_any": lambda case: [watch.data(b"\0\x40\0\0\0" + bytes(MEGABYTE)) for watch in case.etcd.watches],
    "half": lambda case: [watch.data(b"\0\0\0\0\x40abc") for watch in case.etcd.watches],
    "ended": lambda case: [watch.trailers(0) for watch in case.etcd.watches],
    "fragments_without_end": floods(lambda case, n: event(case.key("localhost:1"), case.etcd.revision,
                                                          value(1)), fragment=1),
    "news_without_end": floods(one_key),
}  # fmt: skip


def canceled_at_once(call):
    call.say(pack((1, call.etcd.header()), (3, 1)))
    call.say(pack((1, call.etcd.header()), (4, 1), (5, 1)))


def page(*tails, more=None, count=None):
    """A page of these keys in place of what there is: f(case) of each, or its tail."""

    def make(_, call):
        prefix = call.etcd.prefix
        kvs = [Kv(prefix + tail if tail[:1] != b"/" else tail, value(9).encode(), 0, 50).pack() for tail in tails]
        return pack((1, call.etcd.header()), *((2, kv) for kv in kvs), (3, more), (4, count or len(kvs)))

    return {"Range": instead(make)}


# name -> lies, told from the next connection on.
ASKED = {
    "watch_compacted_whenever_opened": {"Watch": canceled_at_once},
    "watch_never_created": {"Watch": lies.silent},
    "watch_refused": {"Watch": lies.ends(14, "no")},
    "watch_reset": {"Watch": lies.reset},
    "page_of_another_service": page(b"/services/foreign/localhost:9"),
    "page_out_of_order": page(b"b:1", b"a:1"),
    "page_with_a_key_twice": page(b"b:1", b"b:1"),
    "page_of_more_than_asked": page(*(b"%05d:1" % i for i in range(300))),
    "page_that_goes_on_for_ever": page(b"b:1", more=1),
    "page_empty_and_more": {"Range": with_fields(f1=None, f2=None, f3=1)},
    "page_without_header": {"Range": with_fields(f1=None)},
    "page_of_revision_0": {"Range": with_header(revision=0)},
    "page_bomb": {"Range": instead(lambda honest, _: honest + lies.sub_messages(2, 2 * MEGABYTE))},
    "page_garbage": {"Range": lies.plain(lies.GARBAGE)},
    "page_of_9_mb": {"Range": instead(lambda honest, _: honest + pack((2, pack((5, bytes(9 * MEGABYTE))))))},
    "page_silence": {"Range": lies.silent},
    "page_ok_without_message": {"Range": lies.ends(0)},
}  # fmt: skip

DEEP = "[" * 5000 + "]" * 5000
BIG = {"host": "localhost", "port": 9, "protocol": "grpc", "x": "y" * MEGABYTE}
# name -> (rest of the key, value): what somebody else has written there, and etcd tells truly.
WRITTEN = {
    "no_json": (b"a", b"localhost:9"),
    "a_megabyte": (b"a", repr(BIG).replace("'", '"').encode()),
    "deep": (b"a", b'{"host":"h","port":9,"x":%s}' % DEEP.encode()),
    "no_utf_8": (b"a", b'{"host":"\xff\xfe","port":9}'),
    "nul_in_value": (b"a", b'{"host":"h\0","port":9}'),
    "nul_in_key": (b"a\0b", value(9).encode()),
    "key_of_64_kb": (b"k" * 65536, value(9).encode()),
    "key_no_utf_8": (b"\xff\xfe", value(9).encode()),
    "port_of_nothing": (b"a", b'{"host":"h","port":-1}'),
    "port_beyond": (b"a", b'{"host":"h","port":1e9}'),
    "host_of_two_lines": (b"a", b'{"host":"h\\nserver evil","port":9}'),
    "a_list": (b"a", b"[1]"),
    "empty": (b"a", b""),
}

must_match(TOLD, ASKED, WRITTEN)


class Case:
    def __init__(self, name, closing, tmp_path):
        self.name, self.etcd = name.replace("_", "-"), closing(FakeEtcd())
        self.prefix = f"/services/{self.name}/"
        self.etcd.prefix = self.prefix.encode()
        for port in (1, 2):
            self.etcd.put(self.key(f"localhost:{port}"), value(port))
        self.written = closing(Document(tmp_path / "outputs" / f"{self.name}.json", keep=2000))
        self.lying, self.began, self.asked, self.seconds = False, 0.0, 0, 0.0
        self.threads = []

    def key(self, tail):
        return self.prefix + tail

    def in_background(self, run):
        thread = threading.Thread(target=run, daemon=True)
        self.threads.append(thread)
        thread.start()

    @property
    def text(self):
        return reader(
            f"[{self.etcd.endpoint}]", {self.name: self.written.path}, etcd={"request_timeout": "1s"}
        )

    def begin(self):
        self.lying, self.began = True, time.monotonic()

    def end(self):
        self.asked, self.seconds = self.etcd.count(self.began)
        self.lying = False
        self.etcd.lies = {}
        for thread in self.threads:
            thread.join(10)
        self.etcd.end_connections()
        self.etcd.put(self.key("localhost:3"), value(3))

    def lists(self, *places):
        return self.written.seen and sorted(addresses(self.written.latest)) == sorted(places)

    def check(self):
        if self.asked > CALLS + CALLS_A_SECOND * self.seconds:
            yield f"asked {self.asked} times in {self.seconds:.1f} s"
        for version in self.written.versions:
            if version and not {*addresses(version.document)} <= {*HONEST, "localhost:3"}:
                yield f"has listed {addresses(version.document)}"
        for version in self.written.versions[self.first :]:
            if version and not {*addresses(version.document)} >= {*HONEST}:
                yield f"has dropped some: {addresses(version.document)}"


@pytest.fixture
def cases(closing, tmp_path, agent):
    """All of them followed by one agent, and the honest one first."""

    def start(table):
        made = {name: Case(name, closing, tmp_path) for name in ["honest", *chosen(table)]}
        admin = Metrics(free_port())
        texts = [case.text for case in made.values()]
        texts[0] += f"admin:\n  listen: 127.0.0.1:{admin.port}\n"
        sidecar = agent(*texts)
        until(lambda: all(case.lists(*HONEST) and case.etcd.watches for case in made.values()), 60)
        for case in made.values():
            case.first = case.written.seen - 1
        return made, admin, sidecar

    return start


def play(cases, table, begin):
    made, admin, sidecar = cases(table)
    honest = made.pop("honest")
    for name, case in made.items():
        case.begin()
        begin(case, table[name])
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:  # the honest one is followed all the while
        honest.etcd.put(honest.key("localhost:3"), value(3))
        until(lambda: honest.lists(*HONEST, "localhost:3"))
        honest.etcd.delete(honest.key("localhost:3").encode())
        until(lambda: honest.lists(*HONEST))
    assert admin.ask("GET", "/healthz")[0] == 200
    for case in made.values():
        case.end()
    until(lambda: all(case.lists(*HONEST, "localhost:3") for case in made.values()), 60)
    wrong = [f"{case.name}: {what}" for case in made.values() for what in case.check()]
    assert not wrong, "\n".join(wrong)
    return made, sidecar


def test_what_a_watch_tells(cases):
    play(cases, TOLD, lambda case, act: act(case))


def test_what_is_answered(cases):
    def begin(case, told):
        case.etcd.lies = told
        case.etcd.end_connections()

    play(cases, ASKED, begin)


def test_what_others_have_written(cases):
    def begin(case, written):
        tail, text = written
        case.etcd.put(case.prefix.encode() + tail, text)

    made, sidecar = play(cases, WRITTEN, begin)
    for name in made:
        sidecar.wait_log(rf"passed over a key that is no instance service={made[name].name}( |$)")
