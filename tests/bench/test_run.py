# SPDX-License-Identifier: Apache-2.0
"""Short runs of the whole bench: every figure is measured, the tables and the chart are there."""

import pathlib
import subprocess

import pytest

import results
import summary

HERE = pathlib.Path(__file__).resolve().parent
PEERS = ["svc-agent", "go"]


@pytest.mark.parametrize("kind, words", [("one", []), ("many", ["--many", "30"])])
def test_a_short_run(tmp_path, kind, words):
    argv = [HERE / "run", "--short", "--results", tmp_path, *words, "--peers=" + ",".join(PEERS)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=800, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "WARNING" not in done.stderr
    found = results.read((tmp_path / "figures.tsv").read_text())
    assert results.peers_of([found]) == PEERS
    for row in summary.ROWS[kind]:
        for peer in PEERS:
            figure = found.figures[peer, row.figure]
            assert figure.n >= 1
            # a second may pass without a renewal
            assert figure.median > 0 or "payload" in row.figure
        assert row.floor is None or (results.FLOOR, row.floor) in found.figures
    assert "\n| " in (tmp_path / "summary.md").read_text()
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    lost = found.figures["svc-agent", "keys lost at rest"]
    assert lost.max == 0
