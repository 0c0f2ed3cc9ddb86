# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of packaging/SIZING.md, and that the page has what its inputs give."""

import pathlib

import pytest

from sizing_model import (
    CASES, INPUT, MEASURED, inputs, leader_cores, memory, most_pods, proposals_a_second, refreshed, rewritten,
    verdict,
)  # fmt: skip

PAGE = (pathlib.Path(__file__).resolve().parents[2] / "packaging" / "SIZING.md").read_text()
KNOWN = {
    "connection": 256.0, "renewal": 200.0, "withdrawal": 0.25, "back": 1.0, "batch": 50.0, "fsync": 2.0,
    "cores": 8.0, "memory": 16.0,
}  # fmt: skip
SMALL = """| `connection` | 256 | KiB | measured in spring |
| `fsync` | 2 | ms | assumed |
"""


def test_the_formula():
    assert leader_cores(KNOWN, 10_000, 10) == pytest.approx(0.6)
    assert leader_cores(KNOWN, 10_000, 30) == pytest.approx(0.2)
    assert memory(KNOWN, 8192) == pytest.approx(1.0)
    assert most_pods(KNOWN, 10) == (pytest.approx(66_667, abs=1), pytest.approx(78_643, abs=1))


def test_writes_are_bound_by_the_disk_or_by_applying():
    assert proposals_a_second(KNOWN) == 4000
    assert proposals_a_second({**KNOWN, "fsync": 50.0}) == 1000


def test_what_does_not_fit_is_named():
    assert verdict(KNOWN, 60_000, 10) == "yes"
    assert verdict(KNOWN, 70_000, 10) == "no: CPU"
    assert verdict(KNOWN, 100_000, 30) == "no: memory"
    assert verdict(KNOWN, 100_000, 10) == "no: CPU, memory"


def test_only_what_was_measured_is_replaced():
    runs = {"one": {("rest", "RSS of etcd an agent"): 230.4}}
    page = refreshed(SMALL, runs, "in autumn")
    assert page == SMALL.replace("256", "230").replace("spring", "autumn")
    assert refreshed(SMALL, {}, "in autumn") == SMALL
    assert refreshed(SMALL, {"one": {}}, "in autumn") == SMALL


def test_the_page_has_every_input():
    assert set(MEASURED) <= set(inputs(PAGE))
    for name, _, _, source in INPUT.findall(PAGE):
        assert source.startswith("measured" if name in MEASURED else "assumed"), name


def test_the_page_is_what_its_inputs_give():
    assert rewritten(PAGE) == PAGE, "run tests/bench/sizing"
    for pods, _ in CASES:
        assert f"| {pods:,} |" in PAGE
