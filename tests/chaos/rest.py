# SPDX-License-Identifier: Apache-2.0
"""Rest: no fault for a while. What etcd holds must come to exactly what is true, and stay so.

What is written down for each rest: when the faults had ended, when etcd came to rest (or not),
when the rest was over, the keys and leases then, and what each agent takes of the machine.
"""

import pathlib
import time

PAGE = 4  # KiB


def sample(agent):
    """Descriptors, threads, children and resident memory of one agent now."""
    proc = pathlib.Path("/proc") / str(agent.child.pid)
    tasks = list((proc / "task").iterdir())
    children = sum(len((task / "children").read_text().split()) for task in tasks)
    return {
        "descriptors": len(list((proc / "fd").iterdir())),
        "tasks": len(tasks),
        "children": children,
        "resident": int((proc / "statm").read_text().split()[1]) * PAGE,
    }


def _at_rest(world):
    """Whether one lease a service, one key a service, and each key on a lease of its own."""
    held = world.cluster.listed()
    if held is None:
        return None, False
    keys, leases = held
    wanted = {service.key for service in world.services}
    on = sorted(lease for _, lease in keys.values())
    return held, set(keys) == wanted and on == leases and len(set(on)) == len(on)


def _let_lapse(world):
    """Returns when every lease that nobody renews now has run out.

    What a killed agent has left in etcd looks like rest until then.
    """
    for member in world.cluster.members:
        member.wait_ready()
    world.cluster.members[0].outlast(max(service.ttl for service in world.services))


def rest(world, settle):
    """Waits until etcd is at rest, for at most `settle` seconds, and watches that it stays so.

    Returns the seconds that all of it took.
    """
    begin = time.monotonic()
    _let_lapse(world)
    held, good = _at_rest(world)
    while not good and time.monotonic() < begin + settle:
        world.look_after()
        time.sleep(0.1)
        held, good = _at_rest(world)
    settled = time.monotonic()
    if good:
        _let_lapse(world)
        world.look_after()
        held, good = _at_rest(world)
    keys, leases = held or ({}, [])
    world.history.add("rests", {
        "begin": begin,
        "settled": settled,
        "end": time.monotonic(),
        "good": good,
        "keys": {key: lease for key, (_, lease) in keys.items()},
        "leases": leases,
        "samples": {slot.agent.ident: sample(slot.agent) for slot in world.slots},
    })  # fmt: skip
    return time.monotonic() - begin
