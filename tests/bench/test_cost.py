# SPDX-License-Identifier: Apache-2.0
"""What callgrind's dumps are read as, against dumps made up; and the guard, with a release agent."""

import pathlib
import subprocess

import pytest

from cost_figures import Function, Profile, grown, judge, read_bounds

HERE = pathlib.Path(__file__).resolve().parent

# A dump that begins in the middle: main() was there before and calls nothing in it anew.
DUMP = """# callgrind format
positions: line
events: Ir
summary: 1000

ob=(1) /usr/bin/svc-agent
fl=(1) prober.c
fn=(1) on_next
10 100
+2 20
cob=(2) /usr/lib/libc.so.6
cfi=(2) ???
cfn=(2) malloc
calls=3 40
* 600
fi=(3) inlined.h
-1 30
cfn=(3) health_note
calls=2 7
12 200

fn=(3)
7 150
cfn=(3)
calls=1 7
8 50
8 50

ob=(2)
fl=(2)
fn=(2)
0 600

fn=(4) main
0 50
cob=(1)
cfi=(1)
cfn=(1)
calls=0 0
0 950

totals: 1000
"""
ON_NEXT = Function("svc-agent", "on_next")
NOTE = Function("svc-agent", "health_note")
MALLOC = Function("libc.so.6", "malloc")


def test_a_dump():
    profile = Profile(DUMP)
    assert profile.own == {ON_NEXT: 150, NOTE: 200, MALLOC: 600, Function("libc.so.6", "main"): 50}
    assert profile.instructions == 1000
    assert profile.whole[ON_NEXT] == 950
    assert profile.whole[NOTE] == 200, "a call of itself counts once"
    assert profile.calls == {MALLOC: 3, NOTE: 3, ON_NEXT: 0}
    assert profile.of_library("libc.") == 650
    assert profile.calls_of({"malloc", "calloc"}, "libc.") == 3
    assert profile.work("svc-agent") == (3, 0, 0, 0)


def test_bounds():
    bounds = read_bounds("# words\nprobe 17000  # more words\n\nrenewal 300\n")
    assert bounds == {"probe": 17000, "renewal": 300}
    assert not list(judge({"probe": 18000, "renewal": 200}, bounds, 0.1))
    [complaint] = judge({"probe": 19000, "renewal": 330}, bounds, 0.1)
    assert complaint.startswith("probe: 19000 instructions, which is 12% more than the 17000")
    with pytest.raises(KeyError):
        list(judge({"probe": 1}, bounds, 0.1))


def test_what_grows():
    few, many = Profile(DUMP), Profile(DUMP.replace("\n0 600\n", "\n0 60000\n"))
    assert list(grown((few, 10), (many, 100), 1.5, 0.01)) == [(MALLOC, 60, 600)]
    assert not list(grown((few, 10), (many, 1000), 1.5, 0.01))


def test_counted_is_no_more_than_what_is_written_down():
    done = subprocess.run(
        [HERE / "cost", "guard"], capture_output=True, text=True, timeout=800, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:] + done.stdout
    assert done.stdout.count(" instructions, counted of ") == len(
        read_bounds((HERE / "cost.bounds").read_text())
    )
