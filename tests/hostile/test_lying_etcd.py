# SPDX-License-Identifier: Apache-2.0
"""An etcd that lies to whoever registers there.

One agent has a service for each lie, each with an etcd of its own that tells it, and one with an
etcd that is honest all along. They lie at the same time: until the honest one has been renewed a
few times, or somebody would have run away by then. What is right in each case:

- the honest service stays listed, on one lease;
- no key is ever put but the service's own, and on no lease but one that was granted;
- the calls stay as rare as the back-off makes them, and /healthz answers;
- when the lies end, the service is listed again on a lease that is renewed.

What is no answer to what was asked (another key, another type, less or more than that, an OK
without a message) counts as none: the sentence says that it cannot be read, and it is tried again.
A lease that lives much longer than it was asked to is no lease to put a key on: who dies would
stay listed. A renewal that speaks of more than was granted is taken for what was granted.
"""

import re
import time

import pytest

import lies
from lib.descriptor import descriptor, key_of
from lib.fake_etcd import FakeEtcd, changed, pack, unpack
from lib.metrics import Metrics
from lib.outputs import until
from lib.ports import free_port
from lies import MEGABYTE, body, done_and, ends, instead, plain, with_fields, with_header
from only import chosen, must_match

TTL = 10  # an agent with sanitizers on a machine with other work may stand still for a second or two
ROUNDS = 5  # renewals of the honest service
CALLS, CALLS_A_SECOND = 40, 12  # that a liar may be asked
UNREADABLE = "cannot be read"
MAX = (1 << 63) - 1
GRPC_CODES = [*range(1, 17), 99]


def each_time(lie):
    """One that differs with each call."""
    return lambda call: lie(call, call.etcd.lied[call.method])(call)


def foreign(honest, call):
    """To a put: it was not done, as the key is there. But it is another key."""
    kv = pack((1, b"/services/foreign/localhost:1"), (2, 1), (3, 1 << 40), (4, 1), (5, b"x"), (6, 9))
    found = pack((1, call.etcd.header()), (2, kv), (4, 1))
    return pack((1, call.etcd.header()), (2, 0), (3, pack((1, found))))


def never_succeeded(_, call):
    """To a put: it was not done, as the key is there; and so on."""
    key = next(iter(call.etcd.wanted)).encode()
    kv = pack((1, key), (2, 1), (3, call.etcd.lied["Txn"] + 1), (4, 1), (5, b"x"))
    found = pack((1, call.etcd.header()), (2, kv), (4, 1))
    return pack((1, call.etcd.header()), (2, 0), (3, pack((1, found))))


OTHERS = b"/services/others/localhost:1"


def put_answers(*responses):
    return instead(lambda _, call: pack((1, call.etcd.header()), (2, 1), *((3, r) for r in responses)))


PUT_DONE, RANGE_DONE = pack((2, b"")), pack((1, b""))
NO_LEASE = ends(5, "etcdserver: requested lease not found")
UNKNOWN_LEASE = {"LeaseKeepAlive": with_fields(f3=None), "Txn": NO_LEASE}
USER = {"username": "somebody", "password": "secret"}


def token(text):
    return {"Authenticate": instead(lambda honest, _: changed(honest, f2=text))}


OLD_AUTH = ends(3, "etcdserver: revision of auth store is old")
BAD_TOKEN = ends(16, "etcdserver: invalid auth token")

# name -> (lies, what the log says of it).
REGISTERING = {
    "grant_id_0": ({"LeaseGrant": with_fields(f2=0)}, UNREADABLE),
    "grant_id_negative": ({"LeaseGrant": with_fields(f2=-5)}, UNREADABLE),
    "grant_ttl_0": ({"LeaseGrant": with_fields(f3=0)}, UNREADABLE),
    "grant_ttl_negative": ({"LeaseGrant": with_fields(f3=-1)}, UNREADABLE),
    "grant_ttl_2_62": ({"LeaseGrant": with_fields(f3=1 << 62)}, "lease of .* s"),
    "grant_ttl_an_hour": ({"LeaseGrant": with_fields(f3=3600)}, "lease of 3600 s"),
    "grant_error": ({"LeaseGrant": with_fields(f4="no")}, UNREADABLE),
    "grant_empty": ({"LeaseGrant": plain(b"")}, UNREADABLE),
    "grant_garbage": ({"LeaseGrant": plain(lies.GARBAGE)}, UNREADABLE),
    "grant_ok_without_message": ({"LeaseGrant": done_and(0)}, UNREADABLE),
    "grant_twice": ({"LeaseGrant": lies.twice}, UNREADABLE),
    "grant_half": ({"LeaseGrant": lies.half}, UNREADABLE),
    "grant_compressed": ({"LeaseGrant": body(b"\x01\0\0\0\x02\x10\x01")}, UNREADABLE),
    "grant_length_4_gb": ({"LeaseGrant": body(b"\0\xff\xff\xff\xff")}, UNREADABLE),
    "grant_bomb": ({"LeaseGrant": body(b"\0\0\x0f\0\0" + bytes([0x0A, 0]) * 0x78000)}, UNREADABLE),
    "put_without_responses": ({"Txn": put_answers()}, UNREADABLE),
    "put_with_more": ({"Txn": put_answers(PUT_DONE, PUT_DONE)}, UNREADABLE),
    "put_as_range": ({"Txn": put_answers(RANGE_DONE)}, UNREADABLE),
    "put_as_nothing": ({"Txn": put_answers(b"")}, UNREADABLE),
    "put_foreign_key": ({"Txn": instead(foreign)}, UNREADABLE),
    "put_never_succeeds": ({"Txn": instead(never_succeeded)}, "faster than it can be written"),
    "put_as_delete": ({"Txn": put_answers(pack((3, pack((2, 7)))))}, UNREADABLE),
    "put_as_transaction": ({"Txn": put_answers(pack((4, b"")))}, UNREADABLE),
    "put_with_a_foreign_key_before": (
        {"Txn": instead(lambda m, call: changed(m, f3=pack((2, pack((2, pack((1, OTHERS), (5, b"x"))))))))}, None,
    ),
    "put_in_the_past": ({"Txn": with_header(term=1, revision=1)}, "behind"),
    "put_of_revision_0": ({"Txn": with_header(revision=0)}, "behind"),
    "put_on_no_lease": (UNKNOWN_LEASE, "lease lost"),
    "put_bomb": ({"Txn": plain(lies.sub_messages(3, MEGABYTE - 100))}, "does not say"),
    "put_ok_without_message": ({"Txn": ends(0)}, UNREADABLE),
    "another_cluster_each_time": (
        {"*": each_time(lambda call, n: with_header(cluster=1000 + 10 * len(call.etcd.asked)))},
        "another cluster",
    ),
    "another_member_each_time": (
        {"*": each_time(lambda call, n: with_header(member=len(call.etcd.asked)))}, None,
    ),
    "message_of_a_megabyte": ({"*": ends(14, "x" * MEGABYTE)}, "cannot get a lease"),
    "token_empty": (token(""), UNREADABLE),
    "token_of_a_megabyte": (token("x" * MEGABYTE), UNREADABLE),
    "token_another_each_time": (
        {"Authenticate": each_time(lambda call, n: token(f"token.{n}")["Authenticate"])}, None,
    ),
    "token_another_and_no_good": (
        {"Authenticate": each_time(lambda call, n: token(f"token.{n}")["Authenticate"]), "Txn": BAD_TOKEN},
        "refuses",
    ),
    "token_that_ends_at_once": ({"Txn": each_time(lambda call, n: lies.honest if n % 2 else BAD_TOKEN)}, None),
    "token_with_newlines": (token("a\r\nx-injected: yes\r\n\r\n"), UNREADABLE),
    "token_with_control_bytes": (token("a\x01\x7f"), UNREADABLE),
    "token_of_letters_beyond_ascii": (token("a\xe9"), UNREADABLE),
    "auth_is_always_newer": ({"LeaseGrant": OLD_AUTH}, "refuses the token|auth store"),
    "no_token_is_good": ({"LeaseGrant": BAD_TOKEN}, "refuses"),
    **{
        f"grant_code_{code}": ({"LeaseGrant": ends(code, "x" * 50000)}, "cannot get a lease")
        for code in GRPC_CODES
    },
}  # fmt: skip


def unasked(call):
    """The answer, and others that nobody has asked for."""
    message = call.honest()
    for lease in (1, 2, MAX, -1):
        call.say(changed(message, f2=lease))
    call.say(message)
    call.say(message)


def renewals(**changes):
    return {"LeaseKeepAlive": with_fields(**changes)}


def read_back(lie):
    """Somebody writes all the time, so that the key is read back; that it is another is a lie."""

    def moving(call):
        with call.etcd.lock:
            call.etcd.revision += 1
        call.answer_honestly()

    def not_the_same(call):
        call.answer(pack((1, call.etcd.header()), (2, 0)))

    return {"LeaseKeepAlive": moving, "Txn": not_the_same, "Range": lie}


def with_kv(make):
    """A range that says of the key what make(kv fields, call) does."""

    def forge(honest, call):
        kvs = unpack(honest).get(2, [])
        forged = [each for kv in kvs for each in make(kv, call)]
        return pack((1, call.etcd.header()), *((2, kv) for kv in forged), (4, len(forged)))

    return instead(forge)


STAYS = "stays listed"
TEN_MB = bytes(10 * MEGABYTE)

# The same, for a service that is listed already: name -> (lies, the log, STAYS listed).
HELD = {
    "renewal_of_another": (renewals(f2=12345), "unanswered"),
    "renewal_without_id": (renewals(f2=None), "unanswered"),
    "renewal_ttl_negative": (renewals(f3=-1), "lease lost", STAYS),
    "renewal_ttl_2_62": (renewals(f3=1 << 62), None, STAYS),
    "renewal_ttl_an_hour": (renewals(f3=3600), None, STAYS),
    "renewal_ttl_1": (renewals(f3=1), None, STAYS),
    "renewal_says_gone": (renewals(f3=0), "lease lost", STAYS),
    "renewal_says_gone_elsewhere": (
        {"LeaseKeepAlive": instead(lambda m, call: changed(m, f1=call.etcd.header(cluster=9), f3=0))},
        "another cluster|made anew", STAYS,
    ),
    "renewal_says_gone_without_header": (renewals(f1=None, f3=0), "does not say"),
    "renewal_without_header": (renewals(f1=None), "does not say"),
    "renewal_in_the_past": ({"LeaseKeepAlive": with_header(term=1, revision=1)}, "behind", STAYS),
    "renewal_in_the_future": ({"LeaseKeepAlive": with_header(term=MAX, revision=MAX)}, None, STAYS),
    "renewal_revision_negative": ({"LeaseKeepAlive": with_header(revision=-MAX)}, None, STAYS),
    "renewals_nobody_asked_for": ({"LeaseKeepAlive": unasked}, None, STAYS),
    "renewals_for_ever": ({"LeaseKeepAlive": lies.for_ever(pack((2, 1), (3, 1)))}, "does not say"),
    "renewals_of_nothing_for_ever": ({"LeaseKeepAlive": lies.for_ever(b"")}, None),
    "renewal_garbage": ({"LeaseKeepAlive": plain(lies.GARBAGE)}, "does not say"),
    "renewal_silence": ({"LeaseKeepAlive": lies.silent}, "no answer"),
    "renewal_ok_without_message": ({"LeaseKeepAlive": ends(0)}, "unanswered"),
    "read_back_foreign": (
        read_back(with_kv(lambda kv, _: [lies.other_key(kv, OTHERS)])), UNREADABLE, STAYS,
    ),
    "read_back_two": (
        read_back(with_kv(lambda kv, _: [lies.other_key(changed(kv, f6=9), OTHERS), kv])), UNREADABLE, STAYS,
    ),
    "read_back_10_mb": (read_back(with_kv(lambda kv, _: [changed(kv, f5=TEN_MB)])), "more than 8 MiB|no answer", STAYS),
    "read_back_bomb": (
        read_back(plain(lies.sub_messages(2, MEGABYTE - 100))), "does not say|no answer", STAYS,
    ),
    "read_back_ok_without_message": (read_back(ends(0)), UNREADABLE, STAYS),
    "long_message": ({"*": lies.long_message}, "does not answer|no answer|cannot be read"),
    "silence": ({"*": lies.silent}, "no answer"),
    "a_byte_a_second": ({"*": lies.a_byte_a_second}, "no answer"),
    "goaway_after_each_call": ({"*": lies.goaway}, None, STAYS),
    "resets": ({"*": lies.reset}, "reset the call"),
    "reset_storm": ({"*": lies.resets}, "cannot renew"),
    "settings_flood": ({"*": lies.SETTINGS_FLOOD}, "cannot renew"),
    "ping_flood": ({"*": lies.PING_FLOOD}, "cannot renew"),
    "hpack_bomb": ({"*": lies.hpack_bomb}, "cannot renew"),
    "endless_headers": ({"*": lies.endless_headers}, "cannot renew"),
    "endless_continuation": ({"*": lies.endless_continuation}, "cannot renew"),
    "garbage": ({"*": lies.garbage}, "cannot renew"),
}  # fmt: skip

must_match(REGISTERING, HELD)


class Case:
    """One service and its etcd."""

    def __init__(self, name, port, user):
        self.name, self.etcd = name.replace("_", "-"), FakeEtcd()
        self.key = key_of(port, self.name)
        self.etcd.wanted = {self.key}
        self.text = descriptor(
            f"[{self.etcd.endpoint}]", port, self.name, register={"ttl": f"{TTL}s"},
            etcd={"request_timeout": "3s", **(USER if user else {})},
        )  # fmt: skip
        self.began = self.asked = self.seconds = 0
        self.was_listed = None

    @property
    def listed(self):
        return self.key in self.etcd.live()

    def begin(self, lies):
        self.began = time.monotonic()
        self.etcd.lies = lies

    def judge(self):
        """What there was at the end of the lies."""
        self.asked, self.seconds = self.etcd.count(self.began)
        self.was_listed = self.listed

    def end(self):
        self.etcd.lies = {}
        self.etcd.end_connections()


class Play:
    """All cases of one table, played at once by one agent."""

    def __init__(self, table, port, closing):
        self.table = table
        self.cases = {
            name: Case(name, port, "token" in name or "auth" in name) for name in table
        }
        self.honest = Case("honest", port, False)
        self.admin = Metrics(free_port())
        self.complaints = []
        for case in (self.honest, *self.cases.values()):
            closing(case.etcd)

    @property
    def texts(self):
        listen = f"admin:\n  listen: 127.0.0.1:{self.admin.port}\n"
        return [self.honest.text + listen, *(case.text for case in self.cases.values())]

    def wait_all_listed(self):
        def are():
            return all(case.listed for case in (self.honest, *self.cases.values()))

        until(are, 60)

    def lie(self):
        for name, case in self.cases.items():
            case.begin(self.table[name][0])

    def outlast(self):
        """The lies have time; the honest one is as it was, and nobody has run away."""

        def renewed():
            return sum(1 for _, method in list(self.honest.etcd.asked) if method == "LeaseKeepAlive")

        until(lambda: self.honest.listed, 30)
        lease, wanted = self.honest.etcd.live(), renewed() + ROUNDS
        until(lambda: renewed() >= wanted, 60)
        for case in self.cases.values():
            case.judge()
        assert self.admin.ask("GET", "/healthz")[0] == 200
        assert self.honest.etcd.live() == lease

    def end(self):
        for case in self.cases.values():
            case.end()

    def says(self, log, case, words):
        own = re.compile(rf"service={case.name}( |$)|{case.etcd.endpoint}")
        return any(own.search(line) and re.search(words, line) for line in log)

    def check(self, name, log):
        case, words = self.cases[name], self.table[name][1]
        if not case.etcd.lied:
            yield "it was never asked"
        if case.asked > CALLS + CALLS_A_SECOND * case.seconds:
            yield f"asked {case.asked} times in {case.seconds:.1f} s"
        if not {key for key, _ in case.etcd.puts} <= {case.key}:
            yield f"it has put {case.etcd.puts}"
        if not {lease for _, lease in case.etcd.puts} <= {*range(7001, case.etcd.last_lease + 1)}:
            yield f"it has put on {case.etcd.puts}"
        if words and not self.says(log, case, words):
            yield f"never said: {words}"
        if self.table[name][2:] and not case.was_listed:
            yield "it has not stayed listed"

    def check_all(self, log):
        wrong = [f"{name}: {what}" for name in self.table for what in self.check(name, log)]
        assert not wrong, "\n".join(wrong)


@pytest.fixture
def play(serve, agent, closing):
    def start(table):
        return Play(chosen(table), serve("go").port, closing)

    return start


def test_registering(play, agent):
    played = play(REGISTERING)
    played.lie()
    sidecar = agent(*played.texts)
    played.outlast()
    played.end()
    played.wait_all_listed()
    played.check_all(sidecar.log.lines)


def test_holding(play, agent):
    played = play(HELD)
    sidecar = agent(*played.texts)
    played.wait_all_listed()
    played.lie()
    played.outlast()
    played.end()
    played.wait_all_listed()
    played.check_all(sidecar.log.lines)
