# SPDX-License-Identifier: Apache-2.0
"""Services that speak nonsense, too much, too slowly, or not at all; see services.py.

Each test runs one agent with many of them at once and a good one. Each must be judged as its case
says, never be listed when that is down, and be listed once an honest server has its port. All the
while the good service stays listed, untouched, and the agent answers. That the agent did not crash,
leak or read out of bounds is checked at the end of each.
"""

import pytest

from cases import CASES
from pulse import BOUND, Pulse
from services import UP, Later
from stage import PATIENCE, Hostile, Peers, prepare, wait_down
from lib.descriptor import descriptor, key_of
from lib.ports import free_port

GROUP = 24  # so many of them on one agent
SLOW = 3  # times, with the sanitizers


def groups():
    """Commands are by themselves: an agent that starts one waits until the child has a processor."""
    commands = [name for name, case in CASES.items() if case.kind == "exec"]
    names = [name for name in CASES if name not in commands]
    return [*(names[at : at + GROUP] for at in range(0, len(names), GROUP)), commands]


@pytest.fixture
def peers(tmp_path):
    made = Peers(tmp_path)
    made.start()
    yield made
    made.kill()


def be_judged(agent, watch, hostile):
    outcome, service = hostile.case.outcome, hostile.service
    if outcome is UP:
        watch.put(hostile.key, PATIENCE)
    elif isinstance(outcome, Later):
        watch.put(hostile.key, PATIENCE)
        agent.wait_health("up -> down", service, f"({outcome.reasons})", PATIENCE)
        watch.gone(hostile.key, PATIENCE)
    else:
        wait_down(agent, service, outcome)
        watch.nothing_more(hostile.key)


def recover(peers, watch, hostile):
    """Whoever was down is listed once the port has an honest server.

    Who was up stays it, and keeps the port: a moment without a listener would be its end.
    """
    if hostile.case.outcome is not UP:
        peers.tell("honest", hostile.name, hostile.port)
        watch.put(hostile.key, PATIENCE)


@pytest.mark.parametrize("names", groups(), ids=lambda names: names[0])
def test_each_is_judged_and_disturbs_nobody(
    names, serve, agent, etcd, peers, closing, tmp_path
):
    good, door = serve("go"), free_port()
    good_key = key_of(good.port, "good")
    hostile = [Hostile(name) for name in names]
    prepare(hostile, tmp_path)
    for each in hostile:
        peers.tell("hostile", each.name, each.port)
    watch = etcd.watch()
    sidecar = agent(
        descriptor(etcd, good.port, "good", admin={"listen": f"127.0.0.1:{door}"}),
        *(each.descriptor(etcd, tmp_path) for each in hostile),
    )
    watch.put(good_key, PATIENCE)
    pulse = closing(Pulse(sidecar.child.pid, door))
    for each in hostile:
        be_judged(sidecar, watch, each)
    for each in hostile:
        recover(peers, watch, each)
    for each in hostile:
        if each.case.outcome is UP:
            watch.nothing_more(each.key)
    commands = hostile[0].case.kind == "exec"
    worst = pulse.check(PATIENCE if commands else SLOW * BOUND)
    print(f"/healthz: {len(pulse.beats)} answers, at most {worst.own * 1e3:.0f} ms of the agent")
    watch.nothing_more(good_key)
    assert sidecar.running
