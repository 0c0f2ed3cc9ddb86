# SPDX-License-Identifier: Apache-2.0
"""The judge against invented histories: each kind of violation is found, and innocence too.

Each test takes a history in which all is well, spoils one thing, and looks for that one finding.
"""

import copy

import pytest

import paths

paths.reach_library()

from history import History  # noqa: E402  (the path comes first)
from judge import judge  # noqa: E402

KEY, TTL, END = "/services/one/localhost:1", 4, 200.0
LEASE = 0x10


def event(kind, at, by="", lease=0, key=KEY):
    return {"kind": kind, "key": key, "by": by, "lease": lease, "revision": int(at), "at": at}


def sample(**changed):
    return {"descriptors": 10, "tasks": 1, "children": 0, "resident": 4000, **changed}


def rest(begin, leases=None, keys=None, **changed):
    return {
        "begin": begin, "settled": begin + 1.0, "end": begin + 9.0, "good": True,
        "keys": {KEY: LEASE} if keys is None else keys,
        "leases": [LEASE] if leases is None else leases,
        "samples": {"a0.0": sample(**changed)},
    }  # fmt: skip


@pytest.fixture
def history():
    """One service and one agent; up, registered at 2 s, and nothing else ever happens."""
    made = History()
    made.begin, made.end = 0.0, END
    made.keys = {KEY: {"ttl": TTL, "group": 0}}
    made.agents = {"a0.0": {"keys": [KEY], "group": 0, "steady": True}}
    made.tracks = {f"link 0 {n}": [[0.0, "clear"]] for n in range(3)}
    made.tracks.update({f"member {n}": [[0.0, "serving"]] for n in range(3)})
    made.tracks[f"service {KEY}"] = [[0.0, "gone"], [1.0, "up"]]
    made.tracks["agent a0.0"] = [[1.5, "running"]]
    made.events = [event("put", 2.0, "a0.0", LEASE)]
    made.leases = {str(LEASE): "a0.0"}
    made.claims = [["a0.0", KEY, 2.0]]
    return made


def dies(history, at, kind="gone", until=None):
    history.tracks[f"service {KEY}"].append([at, kind])
    if until is not None:
        history.tracks[f"service {KEY}"].append([until, "up"])


def second_agent(history, start, lease=0x20):
    history.agents["a0.1"] = {"keys": [KEY], "group": 0, "steady": False}
    history.tracks["agent a0.1"] = [[start, "running"]]
    history.leases[str(lease)] = "a0.1"


def everywhere(history, prefix, changes):
    for number in range(3):
        history.tracks[f"{prefix} {number}"] += copy.deepcopy(changes)


def rules(history):
    return sorted({violation.rule for violation in judge(history)[0]})


def said(history):
    return " / ".join(violation.what for violation in judge(history)[0])


def test_nothing_is_found_where_nothing_is_wrong(history):
    history.rests = [rest(50.0), rest(100.0)]
    assert judge(history)[0] == []


# ---- S -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["gone", "flip", "hang"])
def test_s_a_dead_service_that_stays_listed(history, kind):
    dies(history, 50.0, kind)
    assert rules(history) == ["S"]


def test_s_withdrawn_in_time(history):
    dies(history, 50.0)
    history.events.append(event("delete", 50.3))
    worst = judge(history)[1]["S agent at work, etcd well"]
    assert rules(history) == []
    assert worst.judged == 1 and 0.29 < worst.took < 0.31


def test_s_withdrawn_too_late_though_before_the_ttl(history):
    dies(history, 50.0)
    history.events.append(event("delete", 52.0))
    assert rules(history) == ["S"]


def test_s_late_is_not_too_late_while_the_agent_is_paused(history):
    dies(history, 50.0)
    history.tracks["agent a0.0"].append([49.0, "paused"])
    history.events.append(event("delete", 54.0))
    assert rules(history) == []


def test_s_a_paused_agents_lease_must_still_run_out(history):
    dies(history, 50.0)
    history.tracks["agent a0.0"].append([49.0, "paused"])
    history.events.append(event("delete", 58.0))
    assert rules(history) == ["S"]


def test_s_a_new_leader_starts_the_ttl_anew(history):
    dies(history, 50.0)
    history.tracks["agent a0.0"].append([49.0, "paused"])
    history.terms = [54.0]
    history.events.append(event("delete", 58.0))
    assert rules(history) == []


def test_s_an_etcd_that_is_away_can_remove_nothing(history):
    dies(history, 50.0)
    everywhere(history, "member", [[49.0, "bad"], [90.0, "serving"]])
    history.terms = [90.0]
    history.events.append(event("delete", 90.5))
    assert rules(history) == []


def test_s_the_machines_own_delay_is_allowed_for(history):
    dies(history, 50.0)
    history.events.append(event("delete", 52.0))
    history.delays = [[51.0, 0.5]]
    history.trips = [[51.0, 0.6]]
    assert rules(history) == []


def test_s_the_machines_delay_at_another_time_is_not(history):
    dies(history, 50.0)
    history.events.append(event("delete", 52.0))
    history.delays = [[40.0, 0.5], [60.0, 0.5]]
    history.trips = [[40.0, 0.6], [60.0, 0.6]]
    assert rules(history) == ["S"]


# ---- L -----------------------------------------------------------------------------------


def test_l_never_listed(history):
    history.events = []
    history.claims = []
    assert rules(history) == ["L"]


def test_l_not_listed_again(history):
    dies(history, 50.0, until=55.0)
    history.events.append(event("delete", 50.3))
    assert rules(history) == ["L"]


def test_l_listed_again_in_time(history):
    dies(history, 50.0, until=55.0)
    history.events += [event("delete", 50.3), event("put", 55.2, "a0.0", LEASE)]
    assert rules(history) == []


def test_l_listed_again_too_late_when_nothing_else_was_wrong(history):
    dies(history, 50.0, until=55.0)
    history.events += [event("delete", 50.3), event("put", 59.0, "a0.0", LEASE)]
    assert rules(history) == ["L"]


def test_l_a_pause_of_the_agents_is_allowed_for_after_an_outage(history):
    everywhere(history, "member", [[50.0, "bad"], [60.0, "serving"]])
    history.events += [event("delete", 55.0), event("put", 66.0, "a0.0", LEASE)]
    assert rules(history) == []


def test_l_not_back_after_an_outage(history):
    everywhere(history, "link 0", [[50.0, "bad"], [60.0, "clear"]])
    history.events.append(event("delete", 55.0))
    assert rules(history) == ["L"]


def test_l_nobody_is_asked_for_more_without_an_agent(history):
    history.tracks["agent a0.0"].append([50.0, "ended"])
    history.events.append(event("delete", 54.0))
    assert rules(history) == []


# ---- O -----------------------------------------------------------------------------------


def test_o_a_healthy_instance_is_withdrawn(history):
    history.events += [event("delete", 50.0), event("put", 50.2, "a0.0", LEASE)]
    assert rules(history) == ["O"]
    assert "while the service was well" in said(history)


def test_o_a_hand_explains_a_delete(history):
    history.faults = [
        {"kind": "hand.delete_key", "victim": 0, "begin": 49.9, "end": 50.1, "keys": [KEY]}
    ]
    history.events += [event("delete", 50.0), event("put", 50.2, "a0.0", LEASE)]
    assert rules(history) == []


def test_o_a_hand_at_another_key_explains_nothing(history):
    history.faults = [
        {"kind": "hand.delete_key", "victim": 0, "begin": 49.9, "end": 50.1, "keys": ["/other"]}
    ]
    history.events += [event("delete", 50.0), event("put", 50.2, "a0.0", LEASE)]
    assert rules(history) == ["O"]


def test_o_one_of_three_members_away_explains_no_delete_of_long_leases(history):
    history.keys[KEY]["ttl"] = 10
    history.tracks["member 1"] += [[45.0, "bad"], [55.0, "serving"]]
    history.events += [event("delete", 50.0), event("put", 50.2, "a0.0", LEASE)]
    assert rules(history) == ["O"]


@pytest.mark.parametrize("at, still, found", [(50.3, [2.5], []), (49.5, [1.3, 1.2], []), (50.3, [2.2], ["O"]),
                                              (40.0, [2.5], ["O"]), (49.5, [0.19] * 20, ["O"])])
def test_o_a_machine_that_stands_still_lets_a_lease_run_out(history, at, still, found):
    history.delays = [[at + n * 0.1, each] for n, each in enumerate(still)]
    history.events += [event("delete", 50.0), event("put", 50.2, "a0.0", LEASE)]
    assert rules(history) == found


def test_o_a_put_on_anothers_lease(history):
    history.events.append(event("put", 50.0, "a0.0", 0x99))
    assert rules(history) == ["O"]


def test_o_a_put_of_a_key_that_is_not_its_own(history):
    history.agents["a1.0"] = {"keys": ["/other"], "group": 0, "steady": True}
    history.events.append(event("put", 50.0, "a1.0", LEASE))
    assert rules(history) == ["O"]


def test_o_a_put_by_nobody(history):
    history.events.append(event("put", 50.0, "", 0))
    assert rules(history) == ["O"]


def test_o_a_put_by_an_agent_that_has_ended(history):
    history.tracks["agent a0.0"].append([40.0, "ended"])
    history.events += [event("delete", 44.0), event("put", 50.0, "a0.0", LEASE)]
    assert rules(history) == ["O"]


def test_o_the_newest_takes_the_key(history):
    second_agent(history, 50.0)
    history.events.append(event("put", 50.5, "a0.1", 0x20))
    assert rules(history) == []


def test_o_the_older_takes_it_back(history):
    second_agent(history, 50.0)
    history.claims.append(["a0.1", KEY, 50.5])
    history.events += [event("put", 50.5, "a0.1", 0x20), event("put", 60.0, "a0.0", LEASE)]
    assert rules(history) == ["O"]
    assert "took it back" in said(history)


def test_o_a_put_that_is_seen_long_after_its_claim_is_no_second_one(history):
    second_agent(history, 50.0)
    history.claims.append(["a0.1", KEY, 50.5])
    history.events.append(event("put", 60.0, "a0.1", 0x20))
    assert rules(history) == []


def test_o_the_older_deletes_a_successors_key(history):
    second_agent(history, 50.0)
    history.events += [event("put", 50.5, "a0.1", 0x20), event("delete", 100.0)]
    history.events.append(event("put", 100.2, "a0.1", 0x20))
    assert rules(history) == ["O"]


# ---- R and D -----------------------------------------------------------------------------


def test_r_a_lease_without_a_key(history):
    history.rests = [rest(50.0, leases=[LEASE, 0x99])]
    assert rules(history) == ["R"]
    assert "lease 99 has no key" in said(history)


def test_r_a_healthy_instance_that_is_missing(history):
    history.rests = [rest(50.0, leases=[], keys={})]
    assert rules(history) == ["R"]


def test_r_a_key_too_many(history):
    history.rests = [rest(50.0, leases=[LEASE, 0x99], keys={KEY: LEASE, "/services/x": 0x99})]
    assert rules(history) == ["R"]


def test_r_something_moves_at_rest(history):
    history.rests = [rest(50.0)]
    dies(history, 51.1, until=51.3)
    history.events += [event("delete", 51.2), event("put", 51.4, "a0.0", LEASE)]
    assert rules(history) == ["R"]


def test_r_a_leader_of_the_past_moves_what_is_listed_again(history):
    history.rests = [rest(50.0)]
    history.add("faults", {"kind": "member.leader_pause", "victim": 0, "begin": 40.0, "end": 47.0})
    history.events += [event("delete", 51.2), event("put", 51.4, "a0.0", LEASE)]
    assert rules(history) == []
    history.events += [event("put", 51.5, "a0.0", LEASE)]
    assert rules(history) == ["R"]


def test_r_a_machine_that_stands_still_lets_leases_run_out(history):
    history.rests = [rest(50.0)]
    history.events += [event("delete", 54.2), event("put", 54.4, "a0.0", LEASE)]
    assert rules(history) == ["O", "R"]
    everywhere(history, "member", [[51.5, "bad"], [54.1, "serving"]])
    assert rules(history) == []
    history.events += [event("put", 54.5, "a0.0", LEASE)]
    assert rules(history) == ["R"]


def test_r_a_harness_that_stands_still_tells_of_that_too(history):
    history.rests = [rest(50.0)]
    history.events += [event("delete", 54.2), event("put", 54.4, "a0.0", LEASE)]
    history.delays = [[54.5, 2.5]]
    assert rules(history) == []
    history.delays = [[54.5, 1.0]]
    assert rules(history) == ["O", "R"]


@pytest.mark.parametrize("ttl, found", [(4, []), (5, ["O", "R"])])
def test_r_one_member_that_stands_still_is_no_reason_to_lose_a_long_lease(history, ttl, found):
    history.rests = [rest(50.0)]
    history.keys[KEY]["ttl"] = ttl
    history.tracks["member 1"] += [[51.5, "bad"], [54.1, "serving"]]
    history.events += [event("delete", 54.2), event("put", 54.4, "a0.0", LEASE)]
    assert rules(history) == found


def test_r_what_stood_still_before_the_rest_is_no_reason(history):
    history.rests = [rest(50.0)]
    everywhere(history, "member", [[47.0, "bad"], [49.0, "serving"]])
    history.events += [event("delete", 51.2), event("put", 51.4, "a0.0", LEASE)]
    assert rules(history) == ["R"]


@pytest.mark.parametrize("what, much", [("descriptors", 30), ("resident", 9000)])
def test_r_an_agent_that_grows(history, what, much):
    history.rests = [rest(50.0), rest(100.0), rest(150.0, **{what: much})]
    assert rules(history) == ["R"]
    assert f"{what} grew" in said(history)


@pytest.mark.parametrize("what", ["tasks", "children"])
def test_r_an_agent_that_is_more_than_one_process(history, what):
    history.rests = [rest(50.0, **{what: 2})]
    assert rules(history) == ["R"]


def test_d_an_agent_that_ended_by_itself(history):
    history.deaths = [{"agent": "a0.0", "at": 50.0, "what": "ended by itself: -11"}]
    assert rules(history) == ["D"]


# ---- reloads and drains ------------------------------------------------------------------

DRAIN = f"drain a0.0 {KEY}"


def drains(history, at, confirmed, resumed=None):
    """Asked for at `at`; withdrawn, and said to be so a little later."""
    track = [[at, "draining"], [confirmed, "drained"]]
    if resumed is not None:
        track += [[resumed - 0.1, "unclear"], [resumed, "none"]]
    history.tracks[DRAIN] = track


def is_reloaded(history, at):
    fault = {"kind": "agent.reload", "victim": 0, "begin": at - 0.1, "end": at + 0.1}
    history.faults.append({**fault, "agent": "a0.0", "turns": 1})


def test_o_a_reload_passes_the_key_from_lease_to_lease(history):
    is_reloaded(history, 50.0)
    history.leases[str(0x11)] = "a0.0"
    history.events.append(event("put", 50.0, "a0.0", 0x11))
    assert rules(history) == []


def test_o_a_reload_explains_no_delete(history):
    is_reloaded(history, 50.0)
    history.leases[str(0x11)] = "a0.0"
    history.events += [event("delete", 50.0), event("put", 50.2, "a0.0", 0x11)]
    assert rules(history) == ["O"]


def test_o_a_reload_does_not_take_the_key_back_from_who_is_newer(history):
    second_agent(history, 50.0)
    is_reloaded(history, 60.0)
    history.events += [event("put", 50.5, "a0.1", 0x20), event("put", 60.0, "a0.0", LEASE)]
    assert rules(history) == ["O"]
    assert "took it back" in said(history)


def test_s_a_reload_is_no_time_to_stay_listed_in(history):
    dies(history, 50.0)
    is_reloaded(history, 50.1)
    history.events.append(event("delete", 52.0))
    assert rules(history) == ["S"]


def test_r_the_lease_of_what_a_reload_has_replaced(history):
    is_reloaded(history, 40.0)
    history.leases[str(0x11)] = "a0.0"
    history.events.append(event("put", 40.0, "a0.0", 0x11))
    history.rests = [rest(50.0, keys={KEY: 0x11}, leases=[LEASE, 0x11])]
    assert rules(history) == ["R"]


def test_w_drained_and_resumed(history):
    drains(history, 50.0, 50.2, resumed=60.0)
    history.events += [event("delete", 50.1), event("put", 60.1, "a0.0", LEASE)]
    worst = judge(history)[1]
    assert rules(history) == []
    assert worst["W listed after a confirmed drain"].judged == 1


def test_w_said_to_be_withdrawn_and_is_not(history):
    drains(history, 50.0, 50.2, resumed=60.0)
    assert rules(history) == ["W"]


def test_w_the_witness_may_hear_of_it_a_moment_later(history):
    drains(history, 50.0, 50.1, resumed=60.0)
    history.events += [event("delete", 50.3), event("put", 60.1, "a0.0", LEASE)]
    assert rules(history) == []


@pytest.mark.parametrize("until", [55.1, 58.0])
def test_w_listed_again_before_the_resume(history, until):
    """As by a reload that forgets the drain, for however short a time."""
    drains(history, 50.0, 50.2, resumed=60.0)
    history.events += [event("delete", 50.1), event("put", 55.0, "a0.0", LEASE)]
    history.events += [event("delete", until), event("put", 60.1, "a0.0", LEASE)]
    assert rules(history) == ["W"]


def test_w_what_another_agent_lists_is_no_business_of_the_drained_one(history):
    second_agent(history, 49.0)
    history.events.append(event("put", 49.5, "a0.1", 0x20))
    drains(history, 50.0, 50.2)
    assert rules(history) == []


def test_o_a_drain_that_is_not_confirmed_explains_a_delete(history):
    history.tracks[DRAIN] = [[50.0, "draining"], [62.0, "unclear"], [63.0, "none"]]
    history.events += [event("delete", 50.1), event("put", 63.1, "a0.0", LEASE)]
    assert rules(history) == []


def test_o_a_drain_explains_no_delete_long_after_the_resume(history):
    drains(history, 30.0, 30.2, resumed=31.0)
    history.events += [event("delete", 30.1), event("put", 31.1, "a0.0", LEASE)]
    history.events += [event("delete", 50.0), event("put", 50.1, "a0.0", LEASE)]
    assert rules(history) == ["O"]


def test_o_a_drain_of_another_agent_explains_nothing(history):
    second_agent(history, 40.0)
    drains(history, 49.9, 50.2)
    history.events += [event("put", 40.5, "a0.1", 0x20), event("delete", 50.0)]
    history.events += [event("put", 50.1, "a0.1", 0x20)]
    assert rules(history) == ["O"]


def test_l_not_listed_after_the_resume(history):
    drains(history, 50.0, 50.2, resumed=55.0)
    history.events.append(event("delete", 50.1))
    assert rules(history) == ["L"]


def test_l_the_resume_starts_the_clock_anew(history):
    drains(history, 50.0, 50.2, resumed=80.0)
    history.events += [event("delete", 50.1), event("put", 81.0, "a0.0", LEASE)]
    assert rules(history) == []
    history.events[-1]["at"] = 83.0
    assert rules(history) == ["L"]


def test_l_who_is_not_drained_must_list_it(history):
    second_agent(history, 40.0)
    drains(history, 50.0, 50.2)
    history.events.append(event("delete", 50.1))
    assert rules(history) == ["L"]
