# SPDX-License-Identifier: Apache-2.0
"""Rest: no fault for a while. What etcd holds must come to exactly what is true, and stay so.

What is written down for each rest: when the faults had ended, when etcd came to rest (or not),
when the rest was over, the keys and leases then, what the readers' files said, and what each agent
takes of the machine.
"""

import pathlib
import time

import bounds
from watch import tag_of

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


def _writers(keys):
    return {key: tag_of(value) for key, (value, _) in keys.items()}


def _at_rest(world):
    """What etcd holds; whether it is at rest; whether the readers' files say just that.

    At rest there is one lease a service, one key a service, and each key on a lease of its own.
    """
    held = world.cluster.listed()
    if held is None:
        return None, False, False
    keys, leases = held
    wanted = {service.key for service in world.services}
    on = sorted(lease for _, lease in keys.values())
    good = set(keys) == wanted and on == leases and len(set(on)) == len(on)
    return held, good, world.files.as_listed(_writers(keys))


def _let_lapse(world):
    """Returns when every lease that nobody renews now has run out.

    What a killed agent has left in etcd looks like rest until then.
    """
    for member in world.cluster.members:
        member.wait_ready()
    world.cluster.members[0].outlast(max(service.ttl for service in world.services))


def _wait(world, until):
    held, good, followed = _at_rest(world)
    while not (good and followed) and time.monotonic() < until:
        world.look_after()
        time.sleep(0.1)
        held, good, followed = _at_rest(world)
    return held, good


def _stood_still(world, since):
    """Whether a member did not serve since then; nobody keeps one away at rest but a busy machine."""
    tracks = [world.history.tracks.get(f"member {n}", []) for n in range(len(world.cluster.members))]
    return any(state == "bad" and at >= since for track in tracks for at, state in list(track))


def rest(world, settle):
    """Waits until all is at rest, for at most `settle` seconds, and watches that it stays so.

    Returns the seconds that all of it took.
    """
    begin = time.monotonic()
    _let_lapse(world)
    held, good = _wait(world, begin + settle)
    settled = time.monotonic()
    if good:
        _let_lapse(world)
        world.look_after()
        held, good = _wait(world, time.monotonic() + bounds.publish(False))
        if not good and _stood_still(world, settled):
            held, good = _wait(world, time.monotonic() + settle)
    keys, leases = held or ({}, [])
    world.history.add("rests", {
        "begin": begin,
        "settled": settled,
        "end": time.monotonic(),
        "good": good,
        "keys": {key: lease for key, (_, lease) in keys.items()},
        "leases": leases,
        "writers": _writers(keys),
        "files": world.files.snapshot(),
        "samples": {place.agent.ident: sample(place.agent) for place in world.places},
    })  # fmt: skip
    return time.monotonic() - begin
