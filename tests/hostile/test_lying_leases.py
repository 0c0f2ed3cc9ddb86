# SPDX-License-Identifier: Apache-2.0
"""An etcd that lies about leases to two services of one agent: one that changes, one that is always well.

There is an etcd for each lie and an honest one, all of them at the same time. What is right in each case:

- who is always well stays listed, and on one lease unless the lie is that it was lost;
- a service's key is put on a lease of its own, and not at all while the service is down;
- the calls stay as rare as the back-off makes them, and /healthz answers;
- when the lies end, what is well is listed and what is not is gone.

A lease that another service of the agent has is not used: whoever gives it back would take the other's key
along. That it is somebody else's the agent cannot know. Of two answers about one lease the first counts. That
a lease was revoked is believed, whatever else the answer says, and so is that it is gone when a renewal says
so too; all else is asked again until the lease has ended.
"""

import re

import pytest

import lies
from lib.descriptor import descriptor, key_of
from lib.fake_etcd import FakeEtcd, only, pack
from lib.metrics import Metrics
from lib.outputs import until
from lib.ports import free_port
from lies import done_and, ends, plain, with_header
from only import chosen, must_match

TTL = 10
ROUNDS = 5  # renewals of the honest pair
CALLS, CALLS_A_SECOND = 40, 12  # that a liar may be asked
FOREIGN = "/services/foreign/localhost:1"
NOT_FOUND = ends(5, "etcdserver: requested lease not found")


def lease_of(call):
    return only(call.request, 1)


def other_lease(call):
    """Of the two services', the one that the call is not about; 0: it has none."""
    return next((lease for lease in call.etcd.live().values() if lease != lease_of(call)), 0)


def renewed(call, lease, ttl=TTL):
    return pack((1, call.etcd.header()), (2, lease), (3, ttl))


def says(*make):
    """Does what is asked, and says this of it: each make(honest message, call) is an answer."""

    def lie(call):
        honest = call.honest()
        for each in make:
            call.say(each(honest, call))

    return lie


def not_done(make):
    """Does nothing, and says this."""
    return lambda call: call.answer(make(call))


def honestly(honest, _):
    return honest


def of_the_other(_, call):
    return renewed(call, other_lease(call))


def other_is_gone(_, call):
    return renewed(call, other_lease(call), None)


def gone(_, call):
    return renewed(call, lease_of(call), None)


def grant_held(call):
    """A lease that is there already, if one is."""
    with call.etcd.lock:
        call.etcd.expire()
        lease = next(iter(call.etcd.leases), None)
    if lease is None:
        call.answer_honestly()
    else:
        call.answer(pack((1, call.etcd.header()), (2, lease), (3, TTL)))


HELD_HERE = "a lease that a service here has or had"
# name -> (lies, what the log says of it). Told from the start.
GRANTED = {
    "grant_of_what_the_other_has": ({"LeaseGrant": grant_held}, HELD_HERE),
    "grant_of_what_a_foreign_key_has": ({"LeaseGrant": grant_held}, HELD_HERE),
}

# Told once both are listed: (lies, the log).
RENEWED = {
    "renewal_of_the_other": ({"LeaseKeepAlive": says(of_the_other)}, None),
    "renewal_of_both": ({"LeaseKeepAlive": says(honestly, of_the_other)}, None),
    "renewal_the_other_is_gone": ({"LeaseKeepAlive": says(other_is_gone)}, None),
    "renewal_well_and_the_other_gone": ({"LeaseKeepAlive": says(honestly, other_is_gone)}, None),
    "renewal_well_and_gone": ({"LeaseKeepAlive": says(honestly, gone)}, None),
    "renewal_gone_and_well": ({"LeaseKeepAlive": says(gone, honestly)}, "lease lost"),
}

LAPSES = "lapses"  # nothing is asked again: the key goes with its lease, while the lies last
STAYS = "stays"  # for as long as etcd renews it whenever it is asked whether it is gone
# Told once both are listed, and then one of them is down: (lies, the log, what becomes of its key).
REVOKED = {
    "revoke_done_and_not_done": ({"LeaseRevoke": not_done(lambda call: pack((1, call.etcd.header())))}, None, LAPSES),
    "revoke_answer_of_a_grant": ({"LeaseRevoke": not_done(lambda call: renewed(call, 77))}, None, LAPSES),
    "revoke_silence": ({"LeaseRevoke": lies.silent}, "cannot revoke the lease.*no answer", LAPSES),
    "revoke_not_found": ({"LeaseRevoke": NOT_FOUND}, "is gone, but it lives", STAYS),
    "revoke_not_found_after_all": ({"LeaseRevoke": done_and(5, "etcdserver: requested lease not found")}, None, LAPSES),
    "revoke_garbage": ({"LeaseRevoke": plain(lies.GARBAGE)}, "does not say which etcd", LAPSES),
    "revoke_ok_without_message": ({"LeaseRevoke": ends(0)}, "cannot be read", LAPSES),
    "revoke_refused": ({"LeaseRevoke": ends(7, "etcdserver: permission denied")}, "may not", LAPSES),
    "revoke_in_the_past": ({"LeaseRevoke": with_header(term=1, revision=1)}, "behind", LAPSES),
    "revoke_elsewhere": (
        {"LeaseRevoke": not_done(lambda call: pack((1, call.etcd.header(cluster=9))))}, "another cluster|made anew", LAPSES,
    ),
}  # fmt: skip

must_match(GRANTED, RENEWED, REVOKED)


class Pair:
    """Two services and their etcd."""

    def __init__(self, name, ports):
        self.etcd = FakeEtcd()
        self.names = [f"{name.replace('_', '-')}-{which}" for which in ("changes", "is-well")]
        self.keys = [key_of(port, own) for port, own in zip(ports, self.names)]
        self.texts = [
            descriptor(f"[{self.etcd.endpoint}]", port, own, register={"ttl": f"{TTL}s"},
                       etcd={"request_timeout": "2s"})
            for port, own in zip(ports, self.names)
        ]  # fmt: skip
        self.began = self.puts = 0
        self.lease = None

    def begin(self, told=None):
        self.lease = self.etcd.live().get(self.keys[1])
        self.began = len(self.etcd.asked)
        self.puts = len(self.etcd.puts)
        self.etcd.lies = told or {}

    def end(self):
        self.etcd.lies = {}
        self.etcd.end_connections()

    def listed(self):
        """Which of its own keys are."""
        live = self.etcd.live()
        return [key for key in self.keys if key in live]

    def renewals(self):
        return sum(1 for _, method in list(self.etcd.asked) if method == "LeaseKeepAlive")

    def check(self):
        asked = list(self.etcd.asked)[self.began :]
        seconds = asked[-1][0] - asked[0][0] if asked else 0.0
        if len(asked) > CALLS + CALLS_A_SECOND * seconds:
            yield f"asked {len(asked)} times in {seconds:.1f} s"
        if not {key for key, _ in self.etcd.puts} <= {*self.keys}:
            yield f"has put {self.etcd.puts}"
        live = self.etcd.live()
        leases = [live[key] for key in self.keys if key in live]
        if len({*leases}) < len(leases):
            yield f"both are on one lease: {live}"


class Play:
    def __init__(self, table, serve, closing):
        self.table = chosen(table)
        self.servers = serve("go"), serve("go")
        ports = [server.port for server in self.servers]
        self.pairs = {name: Pair(name, ports) for name in self.table}
        self.honest = Pair("honest", ports)
        self.all = [self.honest, *self.pairs.values()]
        self.admin = Metrics(free_port())
        for pair in self.all:
            closing(pair.etcd)

    @property
    def texts(self):
        first, *rest = [text for pair in self.all for text in pair.texts]
        return [f"{first}admin:\n  listen: 127.0.0.1:{self.admin.port}\n", *rest]

    def wait_listed(self, *which):
        until(lambda: all(pair.listed() == [pair.keys[n] for n in which] for pair in self.all), 60)

    def lie(self):
        for name, pair in self.pairs.items():
            pair.begin(self.table[name][0])
        self.honest.begin()

    def outlast(self):
        wanted = self.honest.renewals() + ROUNDS
        until(lambda: self.honest.renewals() >= wanted, 60)
        assert self.admin.ask("GET", "/healthz")[0] == 200

    def end(self):
        """What is wrong with each at the end of its lies, which come to it."""
        wrong = [f"{name}: {what}" for name, pair in self.pairs.items() for what in pair.check()]
        for pair in self.pairs.values():
            pair.end()
        return wrong

    def unsaid(self, log):
        for name, pair in self.pairs.items():
            words = self.table[name][1]
            own = "|".join([*(f"service={own}( |$)" for own in pair.names), pair.etcd.endpoint])
            if words and not any(re.search(own, line) and re.search(words, line) for line in log):
                yield f"{name}: never said: {words}"


@pytest.fixture
def play(serve, closing):
    return lambda table: Play(table, serve, closing)


def test_grants(play, agent):
    played = play(GRANTED)
    foreign = played.pairs.get("grant_of_what_a_foreign_key_has")
    if foreign:
        foreign.etcd.leases[5] = 3600, float("inf")
        foreign.etcd.put(FOREIGN, "x", 5)
    played.lie()
    sidecar = agent(*played.texts)
    until(lambda: len(played.honest.listed()) == 2, 60)
    until(lambda: all(pair.listed() for pair in played.all), 60)
    played.outlast()
    wrong = played.end()
    wrong += [f"{name}: {pair.etcd.puts}" for name, pair in played.pairs.items()
              if len({key for key, _ in pair.etcd.puts}) > 1]  # fmt: skip
    played.wait_listed(0, 1)
    wrong += [*played.unsaid(sidecar.log.lines)]
    wrong += [f"in the end: {what}" for pair in played.all for what in pair.check()]
    assert not wrong, "\n".join(wrong)
    assert not foreign or FOREIGN in foreign.etcd.live()


def test_renewals(play, agent):
    played = play(RENEWED)
    sidecar = agent(*played.texts)
    played.wait_listed(0, 1)
    played.lie()
    played.outlast()
    wrong = [f"{n}: listed are {p.listed()}" for n, p in played.pairs.items() if p.listed() != p.keys]
    wrong += played.end()
    played.wait_listed(0, 1)
    wrong += [*played.unsaid(sidecar.log.lines)]
    assert not wrong, "\n".join(wrong)


def test_back_at_once(serve, agent, closing):
    """The key of a lease that was not revoked, against etcd's word, is the service's own: it waits for nobody."""
    server, etcd = serve("go"), closing(FakeEtcd())
    key = key_of(server.port)
    agent(descriptor(f"[{etcd.endpoint}]", server.port, register={"ttl": "60s"}))
    until(lambda: key in etcd.live(), 30)
    lease = etcd.live()[key]
    etcd.lies = REVOKED["revoke_done_and_not_done"][0]
    server.status("NOT_SERVING")
    until(lambda: etcd.lied["LeaseRevoke"], 30)
    assert etcd.live()[key] == lease
    server.status("SERVING")
    until(lambda: etcd.live()[key] != lease, 30)


def test_revokes(play, agent):
    played = play(REVOKED)
    sidecar = agent(*played.texts)
    played.wait_listed(0, 1)
    played.lie()
    played.servers[0].status("NOT_SERVING")
    until(lambda: all(
        pair.listed() == pair.keys[1:] or played.table[name][2] is STAYS
        for name, pair in played.pairs.items()
    ), 60)  # fmt: skip
    played.outlast()
    wrong = []
    for name, pair in played.pairs.items():
        fate = pair.keys[1:] if played.table[name][2] is LAPSES else pair.keys
        if pair.listed() != fate:
            wrong.append(f"{name}: listed are {pair.listed()}")
        if pair.etcd.live().get(pair.keys[1]) != pair.lease:
            wrong.append(f"{name}: who is well was touched")
        if pair.etcd.puts[pair.puts :]:
            wrong.append(f"{name}: has put {pair.etcd.puts[pair.puts :]}")
        if not pair.etcd.lied["LeaseRevoke"]:
            wrong.append(f"{name}: was never asked")
    wrong += played.end()
    played.wait_listed(1)
    played.servers[0].status("SERVING")
    played.wait_listed(0, 1)
    wrong += [*played.unsaid(sidecar.log.lines)]
    wrong += [f"{name}: who is well was touched" for name, pair in played.pairs.items()
              if pair.etcd.live()[pair.keys[1]] != pair.lease]  # fmt: skip
    assert not wrong, "\n".join(wrong)
