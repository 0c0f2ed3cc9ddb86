# SPDX-License-Identifier: Apache-2.0
"""A Watch that changes its mind, by the thousand and without end."""

import threading

from lib.descriptor import descriptor, key_of
from lib.h2 import CHECK, NOT_SERVING, SERVING, WATCH, H2Server


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

    def burst(self, *statuses, times):
        with self.opened:
            assert self.opened.wait_for(lambda: self.watches, 10), "no Watch was opened"
        self.now = statuses[-1]
        self.watches[-1].data(b"".join(statuses) * times)


def test_burst_of_ten_thousand_statuses_the_last_wins(serve, agent, etcd, closing):
    flipping = Flipping()
    hostile, good = closing(H2Server(flipping)), serve("go")
    watch = etcd.watch()
    probe = {"interval": "30s"}
    agent(
        descriptor(etcd, good.port, "good", probe=probe),
        descriptor(etcd, hostile.port, "hostile", probe=probe),
    )
    good_key, key = key_of(good.port, "good"), key_of(hostile.port, "hostile")
    watch.put(good_key)
    watch.put(key)
    flipping.burst(SERVING, NOT_SERVING, times=5000)
    watch.wait_for(lambda _: watch.kinds(key)[-1] == "delete", what="the end of the burst")
    good.status("NOT_SERVING")  # the loop turns: the other service is served at once
    watch.gone(good_key)
    # Whatever the agent did on the way, it has to come to rest where the last status says.
    etcd.outlast(2)
    assert watch.kinds(key)[-1] == "delete"
    assert key not in etcd.get()
    flipping.burst(NOT_SERVING, SERVING, times=5000)
    watch.wait_for(lambda _: watch.kinds(key)[-1] == "put", what="the end of the burst")
    good.status("SERVING")
    watch.put(good_key)
    etcd.outlast(2)
    assert watch.kinds(key)[-1] == "put"
    assert key in etcd.get()
    assert len(etcd.leases()) == 2
