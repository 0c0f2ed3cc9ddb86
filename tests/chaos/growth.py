# SPDX-License-Identifier: Apache-2.0
"""Rule R: what is there at rest, and what each agent takes then. Pure.

Only agents that lived through one rest and a later one are compared; the steady ones live through
all. The first rest of a run, before any fault, does not count, and the first of an agent after
that is its warm-up: buffers have grown to what the work needs.
"""

import bounds
from intervals import meets
from violation import Violation

# The connections to etcd are made when there is something to ask: at one rest there may be none
# yet to a member that came back.
DESCRIPTORS = 2
# The heap of an agent that has seen more kinds of trouble than at its warm-up: a second
# connection's buffers, once. Twice this at the end of an hour would be a leak.
RESIDENT = 256  # KiB
# A reader has a call for each service that it follows, with what it has heard. While all watches
# move from one member to another there may be as many again, once.
TRANSFER = 24  # KiB


def _rest_itself(rest, keys):
    out = []

    def say(what, key=""):
        out.append(Violation("R", what, key, rest["begin"], rest["end"]))

    for key in sorted(set(keys) - set(rest["keys"])):
        say("at rest and healthy, and not listed", key)
    for key in sorted(set(rest["keys"]) - set(keys)):
        say("at rest a key is listed that nobody should have", key)
    on = sorted(rest["keys"].values())
    for lease in sorted(set(rest["leases"]) - set(on)):
        say(f"at rest lease {lease:x} has no key")
    for lease in sorted(set(on) - set(rest["leases"])):
        say(f"at rest a key hangs on lease {lease:x}, which does not exist")
    if not out and not rest["good"]:
        say("at rest two keys hang on one lease")
    return out


def _one_process(ident, samples):
    for begin, end, sample in samples:
        if sample["tasks"] != 1 or sample["children"] != 0:
            what = f"{ident} is {sample['tasks']} tasks and {sample['children']} children"
            yield Violation("R", what, "", begin, end)


def _limits(ident, history):
    limits = {"descriptors": DESCRIPTORS}
    if history.settings.get("memory", True):
        follows = len(history.keys) if ident in history.readers else 0
        limits["resident"] = RESIDENT + follows * TRANSFER
    return limits


def _grown(ident, samples, worst, limits):
    """Each rest after the first against the first: what it takes may not go on growing."""
    first = samples[0][2] if samples else {}
    for begin, end, sample in samples[1:]:
        for what, limit in limits.items():
            more = sample[what] - first[what]
            worst[f"R growth of {what}"].note(max(more, 0), limit, True)
            if more > limit:
                text = f"{ident}: {what} grew from {first[what]} to {sample[what]}"
                yield Violation("R", text, "", begin, end)


def _starved(facts, rest, key, at, late):
    """Whether the lease can have run out because the machine left etcd no time.

    At rest nobody keeps members away, so one that does not serve is one that does not get to run.
    A short lease may be lost over one of them, any lease while none of them serves.
    """
    info = facts.history.keys[key]
    away = facts.inverse(facts.reach[info["group"]])
    if info["ttl"] < bounds.SAFE_TTL:
        away = facts.trouble[info["group"]]
    since = max(rest["begin"], at - info["ttl"] - bounds.EXPIRY - late)
    return meets(away, since, at) or facts.stood_still(info["ttl"], since, at)


def _moved(facts, rest):
    """What was changed after etcd had settled, but for what a leader of the past has done, or a
    machine that stood still; what went so has to be put again.
    """
    moved, excused = [], set()
    for event in facts.history.events:
        if not rest["settled"] < event["at"] < rest["end"]:
            continue
        key, at = event["key"], event["at"]
        ttl = facts.history.keys.get(key, {}).get("ttl", float("inf"))
        late = facts.allowance.during(at, at) + bounds.MARGIN
        past = meets(facts.backward(ttl), at - late, at)
        known = key in facts.history.keys
        if event["kind"] == "delete" and (past or known and _starved(facts, rest, key, at, late)):
            excused.add(key)
        elif event["kind"] == "put" and key in excused:
            excused.discard(key)  # it is listed again
        else:
            moved.append(event)
    return moved


def judge_growth(facts, worst):
    history, out = facts.history, []
    by_agent = {}
    for rest in history.rests:
        worst["R rests"].judged += 1
        out += _rest_itself(rest, history.keys)
        for event in _moved(facts, rest):
            what = f"{event['kind']} by {event['by']} at rest, after it had settled"
            out.append(Violation("R", what, event["key"], rest["settled"], rest["end"]))
        for ident, sample in rest["samples"].items():
            by_agent.setdefault(ident, []).append((rest["begin"], rest["end"], sample))
    for ident, samples in by_agent.items():
        out += _one_process(ident, samples)
        faulted = [each for each in samples if each[0] > history.rests[0]["begin"]]
        out += _grown(ident, faulted, worst, _limits(ident, history))
    return out
