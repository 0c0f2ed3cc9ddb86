# SPDX-License-Identifier: Apache-2.0
"""Faults that are none to who runs an agent: new descriptors, and drains.

Nothing that a reload changes here touches what the judge knows of a service, so it must be
listed on and on, as if nothing had happened.
"""

import time

from actors import INTERVALS
from choices import dice_of

BEGIN_WITHIN = 5.0  # seconds from the start of an agent to its first line
TURNS = (1, 1, 1, 2, 3)  # how often within one fault
GAPS = (0.0, 0.002, 0.02, 0.2, 0.6)  # seconds between two
BAD = 0.25  # so often a bad file stands beside
BAD_FOR = 0.4  # seconds
DRAIN_WITHIN = 12.0  # seconds until a drain is confirmed; members and links may be away
ANSWER_WITHIN = 4.0
RESUME_WITHIN = 60.0


def _wait_begun(world, agent):
    """Whether a hangup is for it; not when it has ended."""
    deadline = time.monotonic() + BEGIN_WITHIN
    while agent.running and not agent.has_begun() and time.monotonic() < deadline:
        world.ended.wait(0.01)
    return agent.has_begun()


# ---- new descriptors -------------------------------------------------------------------


def _changed(slot, agent, dice):
    """name -> text: of all its services, or of one, and something else in each."""
    slot.turns += 1
    some = slot.services if dice.random() < 0.5 else [dice.choice(slot.services)]
    values = dice.random() < 0.7  # else the value in etcd stays, byte for byte
    turn = slot.turns if values else 0
    interval = INTERVALS[slot.turns % 2]
    return {each.name: slot.text(each, agent.ident, interval, turn) for each in some}


def _reload_badly(world, slot, agent, dice):
    """What is there meanwhile would end a service, and must not be taken."""
    lost = dice.choice(slot.services)
    text = (agent.folder / f"{lost.name}.yaml").read_text()
    agent.describe("bad", dice.choice(("service: {name: b, port: 0}\n", "nonsense", "a: [\n")))
    agent.forget(lost.name)
    agent.hang_up()
    world.ended.wait(BAD_FOR)
    agent.describe(lost.name, text)
    agent.forget("bad")


def _reload(world, slot, agent, dice):
    """How often it was told to read its descriptors."""
    if not _wait_begun(world, agent):
        return 0
    turns = dice.choice(TURNS)
    with slot.upkeep:
        if dice.random() < BAD:
            _reload_badly(world, slot, agent, dice)
        for turn in range(turns):
            if turn > 0:
                world.ended.wait(dice.choice(GAPS))
            for name, text in _changed(slot, agent, dice).items():
                agent.describe(name, text)
            agent.hang_up()
    return turns


def agent_reload(world, fault, record):
    slot = world.slots[fault.victim]
    record["agent"] = slot.agent.ident
    record["turns"] = _reload(world, slot, slot.agent, dice_of(world, fault))


# ---- drains ----------------------------------------------------------------------------


class Drain:
    """Some services of one agent, or all, and the tracks that say how far it is."""

    def __init__(self, world, agent, services, names):
        self.world, self.agent = world, agent
        self.services, self.names = services, names  # no names: all that it has

    def say(self, state):
        now = time.monotonic()
        for service in self.services:
            self.world.history.state(f"drain {self.agent.ident} {service.key}", state, now)

    def begin(self):
        """The exit code; None when it took too long."""
        self.say("draining")
        code = self.agent.ask("drain", "--wait", *self.names, seconds=DRAIN_WITHIN)
        self.say("drained" if code == 0 else "unclear")
        return code

    def end(self, names):
        """Returns once the agent has said that they are resumed, or has ended."""
        self.say("unclear")
        deadline = time.monotonic() + RESUME_WITHIN
        while self.agent.running and not self.world.ended.is_set():
            if self.agent.ask("resume", *names, seconds=ANSWER_WITHIN) == 0:
                break
            assert time.monotonic() < deadline, f"{self.agent.ident} cannot be resumed"
            self.world.ended.wait(0.1)
        self.say("none")


def agent_drain(world, fault, record):
    dice = dice_of(world, fault)
    slot = world.slots[fault.victim]
    agent = slot.agent
    one = dice.random() < 0.5
    services = [dice.choice(slot.services)] if one else slot.services
    names = [service.name for service in services]
    drain = Drain(world, agent, services, names if one else [])
    record["agent"] = agent.ident
    if not slot.draining.acquire(blocking=False):
        return  # the one before takes its time
    try:
        record["exit"] = drain.begin()
        reloads = dice.random() < 0.5
        world.ended.wait(fault.seconds / (2.0 if reloads else 1.0))
        if reloads:
            record["turns"] = _reload(world, slot, agent, dice)
            world.ended.wait(fault.seconds / 2.0)
        by_name = one or dice.random() < 0.5
        drain.end(names if by_name else [])
        if record["exit"] is None:
            drain.end(names if by_name else [])  # the drain may have lain in its socket till now
    finally:
        slot.draining.release()
