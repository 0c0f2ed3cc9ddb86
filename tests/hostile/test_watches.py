# SPDX-License-Identifier: Apache-2.0
"""A Watch that changes its mind, by the thousand and without end."""

import datetime
import threading

from lib.descriptor import descriptor, key_of
from lib.h2 import CHECK, NOT_SERVING, SERVING, WATCH, H2Server
from lib.outputs import until

RETURN = "health down -> up service=hostile"


def seconds_between(one, other):
    """By the times at the beginning of two lines of the agent's log."""
    first, then = (datetime.datetime.fromisoformat(line.split("Z ", 1)[0]) for line in (one, other))
    return (then - first).total_seconds()


class Flipping:
    """Watch bursts that a test sets off; Check says what the last burst ended with."""

    def __init__(self):
        self.now = SERVING
        self.watches = []
        self.opened = threading.Condition()

    def __call__(self, stream):
        if stream.path == CHECK:
            stream.answer(self.now)
            return
        assert stream.path == WATCH
        stream.headers()
        stream.data(self.now)
        with self.opened:
            self.watches.append(stream)
            self.opened.notify_all()

    def wait_opened(self):
        with self.opened:
            assert self.opened.wait_for(lambda: self.watches, 60), "no Watch was opened"

    def burst(self, *statuses, times):
        self.wait_opened()
        self.now = statuses[-1]
        self.watches[-1].data(b"".join(statuses) * times)


class Restless(Flipping):
    """Beside bursts, a Watch that flips a thousand times a second until it is told to settle."""

    def __init__(self):
        super().__init__()
        self.settled = threading.Event()
        self.flips = threading.Thread(target=self.flip, daemon=True)

    def flip(self):
        self.wait_opened()
        while not self.settled.wait(0.001):
            self.now = NOT_SERVING if self.now == SERVING else SERVING
            self.watches[-1].data(self.now)

    def settle(self, status):
        self.settled.set()
        self.flips.join(60)  # or its last word would come after ours
        self.now = status
        self.watches[-1].data(status)


def at_rest(etcd, watch, key):
    """What happened to it last, if nothing has for two seconds of etcd's; else None."""
    seen = len(watch.kinds(key))
    etcd.outlast(2)
    kinds = watch.kinds(key)
    return kinds[-1] if len(kinds) == seen else None


def test_flips_without_end_do_not_flood_etcd(serve, agent, etcd, closing):
    restless = Restless()
    hostile, good = closing(H2Server(restless)), serve("go")
    key, watch = key_of(hostile.port, "hostile"), etcd.watch()
    both = agent(
        descriptor(etcd, good.port, "good"),
        descriptor(etcd, hostile.port, "hostile", probe={"interval": "10m"}),
    )
    watch.put(key_of(good.port, "good"))
    watch.put(key)
    restless.flips.start()
    _, warned = both.log.wait("warn .*health changes without end: .* service=hostile", 30)
    at = both.log.find(RETURN)[1]
    for _ in range(25):
        _, at = both.log.wait(RETURN, 30, at + 1)
    # Twenty returns are free, then it is one a second: so many take four seconds and more.
    assert seconds_between(both.log.lines[both.log.find(RETURN)[1]], both.log.lines[at]) > 3.0
    assert warned < at
    restless.settle(SERVING)
    until(lambda: at_rest(etcd, watch, key) == "put", 60)
    assert both.log.count("health .* service=hostile") < 100
    watch.nothing_more(key_of(good.port, "good"))


def test_burst_of_ten_thousand_statuses_the_last_wins(serve, agent, etcd, closing):
    flipping = Flipping()
    hostile, good = closing(H2Server(flipping)), serve("go")
    watch = etcd.watch()
    probe = {"interval": "10m"}
    agent(
        descriptor(etcd, good.port, "good", probe=probe),
        descriptor(etcd, hostile.port, "hostile", probe=probe),
    )
    good_key, key = key_of(good.port, "good"), key_of(hostile.port, "hostile")
    watch.put(good_key)
    watch.put(key)
    flipping.burst(SERVING, NOT_SERVING, times=5000)
    watch.wait_for(lambda _: watch.kinds(key)[-1] == "delete", 60, "the end of the burst")
    good.status("NOT_SERVING")  # the loop turns: the other service is served at once
    watch.gone(good_key)
    # Whatever the agent did on the way, it has to come to rest where the last status says.
    until(lambda: at_rest(etcd, watch, key) == "delete", 60)
    assert key not in etcd.get()
    flipping.burst(NOT_SERVING, SERVING, times=5000)
    watch.wait_for(lambda _: watch.kinds(key)[-1] == "put", 60, "the end of the burst")
    good.status("SERVING")
    watch.put(good_key)
    until(lambda: at_rest(etcd, watch, key) == "put", 60)
    assert key in etcd.get()
    until(lambda: len(etcd.leases()) == 2)
