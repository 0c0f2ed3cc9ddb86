# SPDX-License-Identifier: Apache-2.0
"""The judge of `run` against invented figures: each fault is found, and innocence too."""

import pytest

import verdicts
from verdicts import ANSWER, CEILING, FLIP, GROWTH, SHARE, Beats, Figure, Lateness

EVERY = 0.01
WELL = Figure(peak=40, own=3000, processor=0.03, beat=0.002)


@pytest.fixture
def lateness():
    """A minute of a sleeper that is woken a millisecond late each time."""
    made = Lateness()
    for n in range(6000):
        made.note((n + 1) * EVERY, 0.001)
    return made


@pytest.fixture
def beats(lateness):
    made = Beats(lateness, EVERY)
    for n in range(100):
        made.note(n * 0.5, 0.002, 0.001)
    return made


def late_by(lateness, at, seconds):
    lateness.late[round(at / EVERY)] = seconds


# ---- /healthz --------------------------------------------------------------------------------------


def test_all_is_well(beats):
    assert beats.wrong(ANSWER) is None
    assert beats.worst().own == pytest.approx(0.001)


def test_a_loop_that_sleeps_is_found(beats):
    beats.note(20.2, 0.2, 0.0)
    assert "0.199 s of the agent (0.200 s in all)" in beats.wrong(ANSWER)


def test_one_of_many_is_enough(beats):
    beats.beats.insert(50, beats.beats[50]._replace(took=0.12, own=0.12))
    assert beats.wrong(ANSWER)


def test_what_was_waited_for_a_processor_is_not_the_agents(beats):
    beats.note(20.2, 0.9, 0.85)
    assert beats.wrong(ANSWER) is None


def test_what_the_machine_was_late_by_meanwhile_is_not_the_agents(beats, lateness):
    late_by(lateness, 20.3, 0.15)
    beats.note(20.2, 0.2, 0.0)
    assert beats.wrong(ANSWER) is None


def test_a_sleep_that_ends_after_the_answer_tells_of_it_too(beats, lateness):
    late_by(lateness, 20.40, 0.15)
    beats.note(20.205, 0.2, 0.0)
    assert beats.wrong(ANSWER) is None


@pytest.mark.parametrize("at", [19.9, 20.6])
def test_lateness_at_another_time_excuses_nothing(beats, lateness, at):
    late_by(lateness, at, 0.15)
    beats.note(20.2, 0.2, 0.0)
    assert beats.wrong(ANSWER)


def test_lateness_that_is_too_little_excuses_nothing(beats, lateness):
    late_by(lateness, 20.3, 0.05)
    beats.note(20.2, 0.2, 0.0)
    assert beats.wrong(ANSWER)


def test_an_excuse_is_for_what_came_since(beats):
    beats.note(20.2, 0.2, 0.0)
    beats.excuse(20.3)
    assert beats.wrong(ANSWER)
    beats.excuse(20.2)
    assert beats.wrong(ANSWER) is None


def test_an_answer_that_did_not_come_is_found(beats):
    beats.failures.append("1.000: TimeoutError()")
    assert "TimeoutError" in beats.wrong(ANSWER)


def test_who_was_never_asked_is_not_well(lateness):
    assert "never asked" in Beats(lateness, EVERY).wrong(ANSWER)


def test_the_worst_of_a_case_is_its_own(beats):
    beats.note(20.2, 0.2, 0.0)
    assert beats.worst(20.0).own > ANSWER
    assert beats.worst(20.3).own < ANSWER
    assert beats.worst(1000.0).own == 0.0


# ---- memory and processor ------------------------------------------------------------------------------


def test_figures_that_are_well():
    assert not [*verdicts.wrong_figure(WELL)]


@pytest.mark.parametrize("bad", [{"peak": CEILING + 1}, {"processor": SHARE + 0.01}])
def test_too_much_is_found(bad):
    assert len([*verdicts.wrong_figure(WELL._replace(**bad))]) == 1


def test_who_spins_is_found_also_where_a_processor_is_hard_to_get():
    assert verdicts.share(1.5, 0.0, 1.5, 0.001) > SHARE
    assert verdicts.share(0.1, 1.38, 1.5, 0.001) > SHARE


def test_who_waits_does_not_spin():
    assert verdicts.share(0.05, 0.0, 1.5, 0.001) < SHARE
    assert verdicts.share(0.05, 1.2, 1.5, 0.001) < SHARE
    assert verdicts.share(0.0, 1.5, 1.5, 0.001) < SHARE


def test_who_is_at_work_while_the_machine_stands_still_does_not_spin():
    assert verdicts.share(1.1, 0.0, 2.1, 0.001) > SHARE
    assert verdicts.share(1.1, 0.0, 2.1, 1.0) < SHARE
    assert verdicts.share(2.1, 0.0, 2.1, 1.0) > SHARE
    assert verdicts.share(1.1, 0.0, 2.1, 0.1) > SHARE


def test_a_leak_of_64_kb_a_connection_is_found():
    owns = [3000 + 6 * 64 * case for case in range(28)]
    assert verdicts.wrong_growth(owns[:14], owns[14:])
    assert verdicts.wrong_growth([4500] + owns[1:14], owns[14:])


def test_what_comes_and_goes_is_no_growth():
    assert verdicts.wrong_growth([3000, 3100, 2900], [3000, 4900, 3600] * 40) is None


def test_what_is_taken_once_is_no_growth():
    assert verdicts.wrong_growth([3000] * 3 + [9000], [9000] * 4) is None
    assert verdicts.wrong_growth([3000] * 4, [3000 + GROWTH] * 4) is None
    assert verdicts.wrong_growth([3000] * 4, [3001 + GROWTH] * 4)


def test_of_few_cases_nothing_is_concluded():
    assert verdicts.wrong_growth([], []) is None
    assert verdicts.wrong_growth([3000, 9000], []) is None


# ---- the neighbours ------------------------------------------------------------------------------------


def test_a_flip_that_is_followed():
    assert verdicts.wrong_flip("good1", 10.0, 10.1, 0.0) is None


def test_a_flip_that_is_followed_too_late():
    assert "late" in verdicts.wrong_flip("good1", 10.0, 10.1 + FLIP, 0.05)


def test_the_machine_may_be_late():
    assert verdicts.wrong_flip("good1", 10.0, 10.1 + FLIP, 0.2) is None


def test_who_changed_before_was_withdrawn_by_somebody_else():
    assert "before it was told to" in verdicts.wrong_flip("good1", 10.0, 9.9, 0.0)


def test_lateness_adds_up(lateness):
    assert lateness.all(10.0, 11.0) == pytest.approx(0.1, abs=0.003)
    assert lateness.most(10.0, 11.0) == 0.001
    assert lateness.all(100.0, 200.0) == 0.0
