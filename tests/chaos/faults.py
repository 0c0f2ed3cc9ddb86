# SPDX-License-Identifier: Apache-2.0
"""Does what schedule.py has drawn, and undoes it: one function a kind of fault.

Each is called with the world, the fault and its record, holds the fault for its seconds and
leaves everything as it was. The record takes what the judge must know beyond the tracks.
"""

import time

from choices import dice_of as _dice
from lib.gateway import encode
from upkeep import agent_drain, agent_reload


def _hold(world, fault):
    world.ended.wait(fault.seconds)


# ---- services --------------------------------------------------------------------------


def service_kill(world, fault, _record):
    service = world.services[fault.victim]
    service.kill()
    _hold(world, fault)
    service.start()


def service_terminate(world, fault, _record):
    service = world.services[fault.victim]
    service.terminate()
    _hold(world, fault)
    service.start()


def service_hang(world, fault, _record):
    service = world.services[fault.victim]
    service.pause()
    _hold(world, fault)
    service.resume()


def service_flip(world, fault, _record):
    service = world.services[fault.victim]
    service.flip()
    _hold(world, fault)
    service.serve()


# ---- agents ----------------------------------------------------------------------------


def _kill(world, fault, place):
    place.agent.kill()
    _hold(world, fault)
    place.start()


def agent_kill(world, fault, _record):
    _kill(world, fault, world.slots[fault.victim])


def _terminate(agent, record):
    record["exit"] = agent.terminate()
    record["agent"] = agent.ident


def _end(world, fault, place, record):
    _terminate(place.agent, record)
    _hold(world, fault)
    place.start()


def agent_terminate(world, fault, record):
    _end(world, fault, world.slots[fault.victim], record)


def _stop_for_a_while(world, fault, agent):
    agent.freeze()
    _hold(world, fault)
    agent.thaw()


def agent_pause(world, fault, _record):
    _stop_for_a_while(world, fault, world.slots[fault.victim].agent)


def agent_hang_up(world, fault, _record):
    world.slots[fault.victim].agent.hang_up()


def agent_second(world, fault, record):
    second = world.slots[fault.victim].second()
    _hold(world, fault)
    _terminate(second, record)


def agent_second_killed(world, fault, _record):
    second = world.slots[fault.victim].second()
    _hold(world, fault)
    second.kill()


# ---- readers ---------------------------------------------------------------------------


def reader_kill(world, fault, _record):
    _kill(world, fault, world.restless[fault.victim])


def reader_terminate(world, fault, record):
    _end(world, fault, world.restless[fault.victim], record)


def reader_pause(world, fault, _record):
    _stop_for_a_while(world, fault, world.restless[fault.victim].agent)


# ---- a person's hand -------------------------------------------------------------------


def hand_delete_key(world, fault, record):
    record["keys"] = [world.services[fault.victim].key]
    world.cluster.ask("kv/deleterange", {"key": encode(record["keys"][0])})


def hand_revoke_lease(world, fault, record):
    key = world.services[fault.victim].key
    kvs = world.cluster.ask("kv/range", {"key": encode(key)}).get("kvs", [])
    record["keys"] = [key]
    record["leases"] = [int(kv.get("lease", 0)) for kv in kvs]
    for lease in record["leases"]:
        world.cluster.ask("lease/revoke", {"ID": str(lease)})


# ---- the network between a group of agents and the members -----------------------------


def _links(world, fault):
    """One or two of the group's links; never all."""
    dice = _dice(world, fault)
    members = range(len(world.cluster.members))
    return [f"{fault.victim} {m}" for m in dice.sample(members, dice.choice((1, 2)))]


def _all_links(world, fault):
    return [f"{fault.victim} {m}" for m in range(len(world.cluster.members))]


def _disturb(world, fault, links, mode, seconds=0.0, share=0.0):
    state = "slow" if mode == "delay" else "bad"
    for link in links:
        world.history.state(f"link {link}", state, time.monotonic())
        world.net.rule(link, mode, seconds, share)
    _hold(world, fault)
    for link in links:
        world.net.rule(link, "clear")
        world.history.state(f"link {link}", "clear", time.monotonic())


def net_cut(world, fault, record):
    record["links"] = _links(world, fault)
    _disturb(world, fault, record["links"], "cut")


def net_freeze(world, fault, record):
    record["links"] = _links(world, fault)
    _disturb(world, fault, record["links"], "freeze")


def net_cut_all(world, fault, _record):
    _disturb(world, fault, _all_links(world, fault), "cut")


def net_freeze_all(world, fault, _record):
    _disturb(world, fault, _all_links(world, fault), "freeze")


def net_delay(world, fault, _record):
    delay = _dice(world, fault).uniform(0.01, 0.1)
    _disturb(world, fault, _all_links(world, fault), "delay", delay)


def net_stall(world, fault, _record):
    _disturb(world, fault, _all_links(world, fault), "stall", 0.3, 0.2)


def net_strand(world, fault, _record):
    """What is open is forgotten on the way, at both ends unseen; what comes anew passes."""
    _disturb(world, fault, _all_links(world, fault), "strand")


# ---- members ---------------------------------------------------------------------------


def _member(world, fault):
    return _dice(world, fault).choice(world.cluster.members)


def _down(world, fault, member, deed):
    deed()
    member.ended()
    _hold(world, fault)
    member.spawn_only()


def member_kill(world, fault, record):
    member = _member(world, fault)
    record["member"] = member.name
    _down(world, fault, member, member.kill)


def member_terminate(world, fault, record):
    member = _member(world, fault)
    record["member"] = member.name
    _down(world, fault, member, lambda: member.signal(15))


def member_leader_kill(world, fault, record):
    member = world.cluster.leader()
    record["member"] = member.name
    _down(world, fault, member, member.kill)


def _pause(world, fault, member, record):
    record["member"] = member.name
    member.pause()
    _hold(world, fault)
    member.resume()


def member_pause(world, fault, record):
    _pause(world, fault, _member(world, fault), record)


def member_leader_pause(world, fault, record):
    _pause(world, fault, world.cluster.leader(), record)


def member_wipe(world, fault, record):
    member = _member(world, fault)
    record["member"] = member.name
    member.kill()
    _hold(world, fault)
    world.cluster.replace(member)
    member.spawn_only()


def member_all_stopped(world, fault, _record):
    members = world.cluster.members
    for member in members:
        member.signal(15)
    for member in members:
        member.ended()
    _hold(world, fault)
    for member in members:
        member.spawn_only()


def _between(world, pairs):
    """The rules for what each first member of a pair sends to the second, and back."""
    ids = world.cluster.ids()
    names = [(a, b) for one, other in pairs for a, b in ((one, other), (other, one))]
    return [f"to {to.name}<{ids[sender]:x}" for sender, to in names]


def _part(world, fault, pairs, mode, seconds=0.0):
    rules = _between(world, pairs)
    for rule in rules:
        world.net.rule(rule, mode, seconds)
    _hold(world, fault)
    for rule in rules:
        world.net.rule(rule, "clear")


def member_isolate(world, fault, record):
    alone = _member(world, fault)
    record["member"] = alone.name
    others = [m for m in world.cluster.members if m is not alone]
    _part(world, fault, [(alone, other) for other in others], "freeze")


def member_pair_cut(world, fault, record):
    pair = _dice(world, fault).sample(world.cluster.members, 2)
    record["member"] = " and ".join(m.name for m in pair)
    _part(world, fault, [pair], "freeze")


def member_slow_peers(world, fault, _record):
    a, b, c = world.cluster.members
    _part(world, fault, [(a, b), (b, c), (a, c)], "delay", _dice(world, fault).uniform(0.01, 0.1))


DEEDS = {
    "service.kill": service_kill,
    "service.terminate": service_terminate,
    "service.restart": service_kill,
    "service.hang": service_hang,
    "service.flip": service_flip,
    "agent.kill": agent_kill,
    "agent.terminate": agent_terminate,
    "agent.pause": agent_pause,
    "agent.pause_long": agent_pause,
    "agent.hang_up": agent_hang_up,
    "agent.reload": agent_reload,
    "agent.drain": agent_drain,
    "agent.second": agent_second,
    "agent.second_killed": agent_second_killed,
    "reader.kill": reader_kill,
    "reader.terminate": reader_terminate,
    "reader.pause": reader_pause,
    "reader.pause_long": reader_pause,
    "hand.delete_key": hand_delete_key,
    "hand.revoke_lease": hand_revoke_lease,
    "net.cut": net_cut,
    "net.freeze": net_freeze,
    "net.cut_all": net_cut_all,
    "net.freeze_all": net_freeze_all,
    "net.delay": net_delay,
    "net.stall": net_stall,
    "net.reset": net_cut_all,
    "net.strand": net_strand,
    "member.kill": member_kill,
    "member.terminate": member_terminate,
    "member.pause": member_pause,
    "member.leader_kill": member_leader_kill,
    "member.leader_pause": member_leader_pause,
    "member.wipe": member_wipe,
    "member.all_stopped": member_all_stopped,
    "member.isolate": member_isolate,
    "member.pair_cut": member_pair_cut,
    "member.slow_peers": member_slow_peers,
}
