# SPDX-License-Identifier: Apache-2.0
"""The figures of `reader`, against stamps made up; and a short run, which prints every row."""

import pathlib
import re
import subprocess

import pytest

from figures import Change, cell, delays, p90, ratio, table, told_at

HERE = pathlib.Path(__file__).resolve().parent
MS = 1_000_000


def test_the_ninth_tenth():
    assert p90([5]) == 5
    assert p90(range(1, 11)) == 10
    assert p90(range(100, 0, -1)) == 91


def test_a_later_revision_tells_of_the_ones_before():
    told = [(30, 7), (10, 5), (20, 6)]
    assert told_at(told, 5) == 10
    assert told_at(told, 6) == 20
    assert told_at([(30, 7)], 6) == 30
    assert told_at(told, 8) is None


def test_delays_are_from_the_stamp_that_was_asked_for():
    changes = [Change("put", 1 * MS, 3 * MS, 5), Change("put", 10 * MS, 11 * MS, 6)]
    told = [(2 * MS, 5), (14 * MS, 6)]
    assert delays(changes, told, "sent") == [1, 4]
    assert delays(changes, told, "acknowledged") == [-1, 3]
    with pytest.raises(ValueError, match="nothing was told"):
        delays(changes, told[:1], "sent")


def test_what_is_printed():
    assert cell([1, 2, 3]) == "2.00 / 3.00"
    assert ratio([1, 2, 3], [4, 4, 4]) == "0.50"
    assert ratio([1], [-0.2]) == "-"
    assert table(["a", "b"], [[1, "x"]]) == "| a | b |\n| --- | --- |\n| 1 | x |"


def test_a_short_run_prints_all_rows(tmp_path):
    argv = [HERE / "reader", "-n", "5", "--seconds", "2", "--instances", "200"]
    argv += ["--outputs", tmp_path]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=800, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = re.findall(r"^\| (.+) \|$", done.stdout, re.M)
    names = [row.split(" | ")[:2] for row in rows if "---" not in row]
    ways = [f"{kind} {since}" for kind in ("put", "revoke") for since in ("sent", "acknowledged")]
    processes = ["svc-agent", "Go clientv3", "npm etcd3"]
    wanted = [["from", "instances"], *([way, n] for n in ("10", "200") for way in ways)]
    wanted += [["process", "instances"], *([name, n] for n in ("10", "200") for name in processes)]
    assert names == wanted, done.stdout
