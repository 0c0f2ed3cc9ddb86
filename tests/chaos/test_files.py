# SPDX-License-Identifier: Apache-2.0
"""Rule F against invented histories, and the parts that make such histories.

Each test takes a history in which all is well, spoils one thing, and looks for that one finding.
"""

import copy
import json
import types

import pytest

import paths

paths.reach_library()

import schedule  # noqa: E402  (the path comes first)
from filewatch import Unusable, read_document  # noqa: E402
from history import History  # noqa: E402
from judge import judge  # noqa: E402

KEY, TTL, END = "/services/one/localhost:1", 4, 200.0
LEASE = 0x10
FILE, AGE = f"file r0 {KEY}", f"age r0 {KEY}"


def event(kind, at, by="a0.0", key=KEY):
    put = kind == "put"
    by, lease = (by, LEASE if by == "a0.0" else 0x20) if put else ("", 0)
    return {"kind": kind, "key": key, "by": by, "lease": lease, "revision": int(at), "at": at}


@pytest.fixture
def history():
    """One service, its agent and a reader; listed at 2 s, and nothing else ever happens."""
    made = History()
    made.begin, made.end = 0.0, END
    made.keys = {KEY: {"ttl": TTL, "group": 0}}
    made.agents = {"a0.0": {"keys": [KEY], "group": 0, "steady": True}}
    made.readers = {"r0.0": {"place": "r0", "group": 0, "steady": True}}
    made.tracks = {f"link 0 {n}": [[0.0, "clear"]] for n in range(3)}
    made.tracks.update({f"member {n}": [[0.0, "serving"]] for n in range(3)})
    made.tracks[f"service {KEY}"] = [[0.0, "gone"], [1.0, "up"]]
    made.tracks["agent a0.0"] = [[1.5, "running"]]
    made.tracks["agent r0.0"] = [[1.0, "running"]]
    made.tracks[FILE] = [[0.0, "nothing"], [1.2, "unlisted"], [2.1, "listed by a0.0"]]
    made.tracks[AGE] = [[1.2, "fresh"]]
    made.events = [event("put", 2.0)]
    made.leases = {str(LEASE): "a0.0"}
    return made


def goes(history, at):
    """The service dies and is withdrawn, as it should be."""
    history.tracks[f"service {KEY}"].append([at - 0.3, "gone"])
    history.events.append(event("delete", at))


def comes_back(history, at):
    history.tracks[f"service {KEY}"].append([at - 0.3, "up"])
    history.events.append(event("put", at))


def is_taken_over(history, at):
    history.agents["a0.1"] = {"keys": [KEY], "group": 0, "steady": False}
    history.tracks["agent a0.1"] = [[at - 0.5, "running"]]
    history.leases[str(0x20)] = "a0.1"
    history.events.append(event("put", at, "a0.1"))


def says(history, at, what):
    history.tracks[FILE].append([at, what])


def ages(history, at, what):
    history.tracks[AGE].append([at, what])


def everywhere(history, prefix, changes):
    for number in range(3):
        history.tracks[f"{prefix} {number}"] += copy.deepcopy(changes)


def fault(history, kind, begin, end):
    history.faults.append({"kind": kind, "victim": 0, "begin": begin, "end": end})


def cut_off(history, begin, end, kind="net.cut_all"):
    everywhere(history, "link 0", [[begin, "bad"], [end, "clear"]])
    fault(history, kind, begin, end)


def found(history):
    """What rule F says; no other rule may say anything."""
    violations = judge(history)[0]
    assert {violation.rule for violation in violations} <= {"F"}
    return " / ".join(violation.what for violation in violations)


def test_nothing_is_found_where_nothing_is_wrong(history):
    assert found(history) == ""


# ---- F1: what is gone -------------------------------------------------------------------


def test_f1_a_loss_is_in_the_file_in_time(history):
    goes(history, 50.0)
    says(history, 50.2, "unlisted")
    assert found(history) == ""
    worst = judge(history)[1]["F1 listed though gone, calm"]
    assert worst.judged == 1 and 0.19 < worst.took < 0.21


def test_f1_a_loss_comes_late(history):
    goes(history, 50.0)
    says(history, 51.0, "unlisted")
    assert "the value by a0.0 stays for 1.00 s" in found(history)


def test_f1_a_loss_never_comes(history):
    goes(history, 50.0)
    assert "stays for 150.00 s" in found(history)


def test_f1_a_slow_machine_is_allowed_for(history):
    goes(history, 50.0)
    says(history, 51.0, "unlisted")
    history.delays, history.trips = [[50.4, 0.3]], [[50.4, 0.3]]
    assert found(history) == ""


def test_f1_nobody_is_asked_for_more_while_the_reader_is_paused(history):
    history.tracks["agent r0.0"] += [[49.0, "paused"], [60.0, "running"]]
    goes(history, 50.0)
    says(history, 60.3, "unlisted")
    assert found(history) == ""


def test_f1_a_reader_that_begins_has_to_read_first(history):
    history.tracks["agent r0.0"] += [[49.0, "ended"]]
    history.readers["r0.1"] = {"place": "r0", "group": 0, "steady": False}
    history.tracks["agent r0.1"] = [[60.0, "running"]]
    goes(history, 50.0)
    says(history, 60.9, "unlisted")
    assert found(history) == ""
    history.tracks[FILE][-1][0] = 61.1
    assert "stays for 1.10 s" in found(history)


def test_f1_a_loss_after_an_outage_is_held_back_and_said_to_be_stale(history):
    cut_off(history, 50.0, 58.0)
    ages(history, 51.1, "stale")
    ages(history, 58.3, "fresh")
    goes(history, 60.0)
    ages(history, 61.0, "stale")
    says(history, 68.3, "unlisted")
    ages(history, 68.3, "fresh")
    assert found(history) == ""


def test_f1_a_loss_may_not_be_held_back_for_ever(history):
    cut_off(history, 50.0, 58.0)
    ages(history, 51.1, "stale")
    goes(history, 60.0)
    assert "the value by a0.0 stays for 140.00 s" in found(history)


def test_f1_a_stale_mark_of_long_ago_excuses_nothing(history):
    ages(history, 40.0, "stale")
    ages(history, 41.0, "fresh")
    goes(history, 55.0)
    says(history, 56.0, "unlisted")
    assert "stays for 1.00 s" in found(history)


def test_f1_a_silent_watch_is_found_out_in_time(history):
    cut_off(history, 50.0, 52.0, "net.strand")
    goes(history, 53.0)
    says(history, 64.0, "unlisted")
    assert found(history) == ""


def test_f1_a_silent_watch_is_never_found_out(history):
    cut_off(history, 50.0, 52.0, "net.strand")
    goes(history, 53.0)
    assert "stays for 147.00 s" in found(history)


# ---- F2: what is there ------------------------------------------------------------------


def test_f2_an_instance_comes_late(history):
    goes(history, 50.0)
    says(history, 50.1, "unlisted")
    comes_back(history, 80.0)
    says(history, 80.8, "listed by a0.0")
    assert "the value by a0.0 is missing for 0.80 s" in found(history)


def test_f2_no_file_at_all(history):
    history.tracks[FILE] = [[0.0, "nothing"]]
    history.tracks[AGE] = []
    assert "is missing for 198.00 s" in found(history)


def test_f2_no_loss_that_is_held_back_excuses_it(history):
    ages(history, 48.0, "stale")
    ages(history, 49.0, "fresh")
    is_taken_over(history, 50.0)
    says(history, 51.0, "listed by a0.1")
    assert "the value by a0.1 is missing for 1.00 s" in found(history)


def test_f2_an_old_value_is_both_there_and_missing(history):
    is_taken_over(history, 50.0)
    says(history, 51.0, "listed by a0.1")
    assert "a0.1 is missing for 1.00 s" in found(history)
    assert "a0.0 stays for 1.00 s" in found(history)


def test_f2_a_new_value_is_in_the_file_in_time(history):
    is_taken_over(history, 50.0)
    says(history, 50.2, "listed by a0.1")
    assert found(history) == ""


def test_f2_a_pause_of_the_readers_is_allowed_for_after_an_outage(history):
    cut_off(history, 50.0, 58.0)
    ages(history, 51.1, "stale")
    is_taken_over(history, 53.0)
    says(history, 63.0, "listed by a0.1")
    ages(history, 63.0, "fresh")
    assert found(history) == ""


def test_f2_etcd_is_reached_again_and_not_asked(history):
    cut_off(history, 50.0, 58.0)
    ages(history, 51.1, "stale")
    is_taken_over(history, 53.0)
    assert "a0.1 is missing" in found(history)


# ---- F3: at rest ------------------------------------------------------------------------


def rest(by, stale):
    return {
        "begin": 50.0, "settled": 51.0, "end": 59.0, "good": True, "keys": {KEY: LEASE},
        "leases": [LEASE], "writers": {KEY: "a0.0"}, "files": [[FILE, by, stale]],
        "samples": {},
    }  # fmt: skip


def test_f3_all_is_right_at_rest(history):
    history.rests = [rest("a0.0", False)]
    assert found(history) == ""
    assert judge(history)[1]["F3 files at rest"].judged == 1


@pytest.mark.parametrize(
    "by, stale, what",
    [
        ("", False, "at rest it lists nothing, and etcd has a0.0"),
        ("a0.1", False, "at rest it lists a0.1, and"),
        ("a0.0", True, "at rest it lists a0.0, stale, and"),
        (None, None, "at rest it lists nothing, and"),
    ],
)
def test_f3_a_file_is_wrong_at_rest(history, by, stale, what):
    history.rests = [rest(by, stale)]
    assert what in found(history)


def grows(history, **more):
    """A reader at two rests after the first; the second time it takes more."""
    small = {"descriptors": 10, "tasks": 1, "children": 0, "resident": 4000}
    history.rests = [rest("a0.0", False) for _ in range(3)]
    for number, each in enumerate(history.rests):
        large = {**small, **{what: small[what] + add for what, add in more.items()}}
        each.update(begin=50.0 + number, samples={"r0.0": large if number == 2 else small})
    return " / ".join(violation.what for violation in judge(history)[0])


def test_r_a_reader_may_take_a_little_more_for_each_service_that_it_follows(history):
    assert grows(history, resident=270) == ""
    assert grows(history, resident=290) == "r0.0: resident grew from 4000 to 4290"


def test_r_a_reader_that_grows(history):
    assert grows(history, descriptors=3) == "r0.0: descriptors grew from 10 to 13"
    assert grows(history, children=1) == "r0.0 is 1 tasks and 1 children"


# ---- F4: what a file says of itself -----------------------------------------------------


def test_f4_never_said_to_be_stale_though_etcd_refuses(history):
    cut_off(history, 50.0, 58.0)
    assert "r0: not stale though etcd refused for 8.00 s" in found(history)


def test_f4_said_to_be_stale_in_time(history):
    cut_off(history, 50.0, 58.0)
    ages(history, 51.1, "stale")
    ages(history, 60.0, "fresh")
    assert found(history) == ""


def test_f4_silence_takes_an_audit(history):
    everywhere(history, "member", [[50.0, "bad"], [61.0, "serving"]])
    ages(history, 61.5, "stale")
    ages(history, 62.0, "fresh")
    assert found(history) == ""


def test_f4_silence_is_never_found_out(history):
    everywhere(history, "member", [[50.0, "bad"], [65.0, "serving"]])
    assert "not stale though etcd was silent for 15.00 s" in found(history)


def test_f4_stale_for_ever(history):
    ages(history, 50.0, "stale")
    assert "stale though right for 150.00 s" in found(history)


def test_f4_stale_because_one_member_of_three_is_silent(history):
    history.tracks["member 1"] += [[50.0, "bad"], [58.0, "serving"]]
    ages(history, 52.0, "stale")
    ages(history, 52.1, "fresh")
    assert "marked as stale after two members were reached for 49.90 s" in found(history)


def test_f4_stale_because_two_are_silent(history):
    for member in ("member 1", "member 2"):
        history.tracks[member] += [[50.0, "bad"], [58.0, "serving"]]
    ages(history, 52.0, "stale")
    ages(history, 52.1, "fresh")
    assert found(history) == ""


def test_f4_stale_because_a_loss_is_held_back(history):
    goes(history, 50.0)
    ages(history, 50.1, "stale")
    ages(history, 55.0, "fresh")
    says(history, 55.0, "unlisted")
    assert "marked as stale" not in found(history)


def test_f4_stale_until_a_pause_is_over(history):
    cut_off(history, 50.0, 58.0)
    ages(history, 51.1, "stale")
    ages(history, 63.5, "fresh")
    assert found(history) == ""


# ---- what a file has to be --------------------------------------------------------------


def test_a_file_that_is_of_no_use_is_found(history):
    says(history, 50.0, "broken: it is about another service")
    says(history, 50.1, "listed by a0.0")
    assert found(history) == "r0: broken: it is about another service"


SERVICE = types.SimpleNamespace(name="one", key=KEY, port=1)


def document(**changed):
    instance = {"key": KEY, "address": "localhost:1", "metadata": {"by": "a0.0"}}
    whole = {"service": "one", "revision": 7, "stale": False, "instances": [instance]}
    return json.dumps({**whole, **changed})


def test_a_document_is_read():
    assert read_document(document(), SERVICE) == ("a0.0", False, 7)
    assert read_document(document(instances=[], stale=True), SERVICE) == ("", True, 7)


@pytest.mark.parametrize(
    "text",
    [
        "",
        document()[:-5],
        document(service="two"),
        document(instances=[{"key": "/services/two/localhost:1"}]),
        document(instances=[{"key": KEY, "address": "localhost:2", "metadata": {}}]),
        document(instances=[{"key": KEY}]),
        document(instances=[{}, {}]),
    ],
)
def test_a_document_is_of_no_use(text):
    with pytest.raises(Unusable):
        read_document(text, SERVICE)


# ---- the schedule -----------------------------------------------------------------------

SHAPE = schedule.Shape(18, 12, [1, 4, 7, 10], 4, 3, 1)


def _but(kinds, drawn):
    return [[f for f in faults if f.kind not in kinds] for faults in drawn]


@pytest.mark.parametrize("kinds, share", [
    (schedule.READER_KINDS, "READER_SHARE"),
    (schedule.UPKEEP_KINDS, "UPKEEP_SHARE"),
])  # fmt: skip
def test_what_is_drawn_apart_changes_nothing_about_the_others(monkeypatch, kinds, share):
    drawn = schedule.draw(3, SHAPE, 2, 60.0, 0.75)
    assert _but(kinds, drawn) != drawn
    monkeypatch.setattr(schedule, share, 0.01)
    assert _but(kinds, drawn) == _but(kinds, schedule.draw(3, SHAPE, 2, 60.0, 0.75))


def test_connections_are_forgotten_only_where_no_other_fault_is():
    for seed in range(20):
        for faults in schedule.draw(seed, SHAPE, 2, 60.0, 0.75):
            for one in (f for f in faults if f.kind == "net.strand"):
                beside = [f for f in faults if f.kind != one.kind and f.victim == one.victim]
                for other in (f for f in beside if f.kind.startswith("net.")):
                    begin, end = other.at, other.at + other.seconds
                    assert end < one.at or begin > one.at + one.seconds
