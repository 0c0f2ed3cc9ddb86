# SPDX-License-Identifier: Apache-2.0
"""Rule O: explains every put and every delete of a history. Pure.

A put is explained when the agent that wrote it has this key, lived, and wrote on a lease that
etcd granted to it; and when what stood there before was nobody's, its own, or another's whom it
had the right to follow: it had not said before that it holds the key.

A delete says only which lease the key hung on. It is explained by something that can end that
lease or that key: its agent's service was not well, its agent did not run, was drained or could
not reach etcd, or a hand. New descriptors explain nothing. What cannot be explained is an agent that withdrew a healthy instance, or a
foreign agent that ended what was not its own.
"""

import bounds
from intervals import meets
from violation import Violation


def _violation(event, what, before):
    return Violation("O", what, event["key"], event["at"] - before, event["at"])


def _judge_put(facts, event, previous, before):
    """`before`: those who have put it before. A claim of somebody else is of this very put: it may be seen
    late, when etcd ended before it told of it."""
    history, key, by = facts.history, event["key"], event["by"]
    agent = history.agents.get(by)
    if agent is None or key not in agent["keys"]:
        return f"put by {by or 'nobody known'}, whose key it is not"
    owner = history.leases.get(str(event["lease"]))
    if owner != by:
        return f"{by} put it on lease {event['lease']:x}, which is that of {owner or 'nobody'}"
    begin, end = facts.lives[by]
    # What a killed agent had sent may still lie in a proxy that holds it back.
    if event["at"] < begin or (end is not None and not _held(facts, by, end, event["at"])):
        return f"put by {by}, which did not live then"
    if previous is None or previous["kind"] == "delete" or previous["by"] == by:
        return ""
    said = [at for ident, k, at in history.claims if ident == by and k == key]
    if by in before and said and min(said) < event["at"] - 0.5:
        return f"{by} held it, lost it to {previous['by']}, and took it back while it was there"
    return ""


def _held(facts, by, end, at):
    group = facts.history.agents[by]["group"]
    late = bounds.REQUEST_TIMEOUT + facts.allowance.during(end, at)
    return at <= end + late or meets(facts.trouble[group], end - 1.0, at)


def _not_well(facts, track, good, begin, end):
    """Whether the track was in another state than `good` at any moment of [begin, end]."""
    return meets(facts.inverse(facts.during(track, good)), begin, end)


def _judge_delete(facts, event, previous):
    """"" when it is explained, else why not."""
    key, at, by = event["key"], event["at"], previous["by"]
    info = facts.history.keys[key]
    late = facts.allowance.during(at - info["ttl"], at) + bounds.MARGIN
    # The longest that a cause can lie back: found out, told to etcd in vain, run out.
    back = at - bounds.expire("hang", info["ttl"]) - bounds.FAILOVER - late
    lease_back = at - info["ttl"] - bounds.EXPIRY - late
    for hand in facts.hands(key):
        if hand["begin"] <= at <= hand["end"] + late:
            return ""
    if _not_well(facts, f"service {key}", {"up"}, back, at):
        return ""
    if by not in facts.lives or _not_well(facts, f"agent {by}", {"running"}, lease_back, at):
        return ""
    if meets(facts.drained(by, key), at - bounds.drain_back(info["ttl"]) - late, at):
        return ""
    if meets(facts.inverse(facts.reach[info["group"]]), lease_back, at):
        return ""
    if meets(facts.backward(info["ttl"]), at - late, at):
        facts.backwards += 1
        return ""
    if info["ttl"] < bounds.SAFE_TTL and meets(facts.trouble[info["group"]], lease_back, at):
        facts.strained.append((key, at, info["ttl"]))
        return ""
    if facts.stood_still(info["ttl"], lease_back, at):
        facts.still += 1
        return ""
    return f"deleted under {by}, while the service was well, the agent lived and reached etcd"


def judge_o(facts, worst):
    out = []
    facts.strained, facts.backwards, facts.still = [], 0, 0
    facts.lives = {}
    for ident in facts.history.agents:
        track = facts.history.tracks.get(f"agent {ident}", [])
        ends = [at for at, state in track if state == "ended"]
        facts.lives[ident] = (track[0][0] if track else 0.0, ends[0] if ends else None)
    for key, events in facts.events.items():
        previous, before = None, set()
        for event in events:
            if event["kind"] == "put":
                what = _judge_put(facts, event, previous, before)
                before.add(event["by"])
            elif key not in facts.history.keys or previous is None:
                what = "deleted, though nobody had put it"
            else:
                what = _judge_delete(facts, event, previous)
            worst["O events explained"].judged += 1
            if what:
                out.append(_violation(event, what, 15.0))
            previous = event
    worst["O live leases revoked by a leader of the past"].judged = facts.backwards
    worst["O short leases lost while a part of etcd was away"].judged = len(facts.strained)
    worst["O leases that ran out while the machine stood still"].judged = facts.still
    return out
