# SPDX-License-Identifier: Apache-2.0
"""From samples to figures, tables and the picture; and that README.md tells what was recorded."""

import pathlib
import re

import pytest

import chart
import prepare
import recorded
import results
import summary

ABOUT = {
    "kind": "one", "what": "one service", "services": "1", "date": "2026-01-02 03:04",
    "machine": "2 cores of a CPU, 4 GiB", "command": "tests/bench/run",
}  # fmt: skip
SAMPLES = """\
peer\tfigure\tunit\tsample
svc-agent\tdecided to key gone\tms\t1
svc-agent\tdecided to key gone\tms\t2
svc-agent\tdecided to key gone\tms\t6
go\tdecided to key gone\tms\t4
node\tUSS\tMiB\t61.26
floor\trevoke to key gone\tms\t0.5
"""


def run(text=SAMPLES, **about):
    return results.reckon(text, {**ABOUT, **about})


def test_figures_of_samples():
    found = run().figures["svc-agent", "decided to key gone"]
    assert found == results.Figure("ms", 3, 2, 1, 6, 6)


def test_figures_are_read_as_they_were_written():
    assert results.read(results.write(run())) == run()
    with pytest.raises(ValueError, match="not a file of figures"):
        results.read("peer\tfigure\n")


def test_three_digits_that_count():
    shown = [results.number(value) for value in (0, 0.0123, 1.239, 12.39, 123.9, 1239.6)]
    assert shown == ["0", "0.012", "1.24", "12.4", "124", "1,240"]


def test_ratios_are_within_a_run():
    slow = run(SAMPLES.replace("\t4\n", "\t8\n"))
    cell = summary.cell([run(), slow], "svc-agent", "decided to key gone")
    assert cell == "2.00 / 2.00 (0.500 / 0.250)"
    assert summary.cell([run(), slow], "go", "decided to key gone") == "4.00 / 8.00"
    assert summary.cell([run()], "node", "USS") == "61.3"
    assert summary.cell([run()], "go", "USS") == "-"


def test_of_several_runs_the_median():
    runs = [run(SAMPLES.replace("\t4\n", f"\t{n}\n")) for n in (9, 3, 4)]
    found = results.combined(runs).figures["go", "decided to key gone"]
    assert (found.n, found.median) == (3, 4)


def test_a_table():
    assert summary.markdown([run()]) == """\
| one service | svc-agent | go | node | floor |
| --- | --- | --- | --- | --- |
| decided → key gone, ms | 2.00 (0.500) | 4.00 | - | 0.500 |
| private memory (USS), MiB | - | - | 61.3 | - |

2026-01-02 03:04, 2 cores of a CPU, 4 GiB: `tests/bench/run`
"""


def test_every_figure_of_a_chart_is_in_a_table():
    shown = {(kind, row.figure) for kind, rows in summary.ROWS.items() for row in rows}
    assert {(panel.kind, panel.figure) for panel in chart.PANELS} <= shown


def test_a_chart_is_drawn(tmp_path):
    figures = "".join(
        f"{peer}\t{panel.figure}\tms\t{value}\n" for panel in chart.PANELS
        for peer, value in (("go", 3), ("svc-agent", 0.02), ("shell", 0))
        if peer != "shell" or not panel.log
    )  # fmt: skip
    text = "peer\tfigure\tunit\tsample\n" + figures
    runs = [run(text), run(text, kind="many", services="1,000")]
    for name in ("chart.svg", "chart.png"):
        chart.draw(runs, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 10_000
    picture = (tmp_path / "chart.svg").read_text()
    for peer in ("svc-agent", "go", "shell"):
        assert peer in picture
    assert len(re.findall(r"\b1,000 services", picture)) == 4
    assert "0.020" in picture


def folder_of(tmp_path, text):
    folder = tmp_path / "recorded"
    folder.mkdir(exist_ok=True)
    (folder / "one-1.tsv").write_text(text)
    return folder


def test_a_table_that_is_not_what_was_recorded(tmp_path):
    text = results.write(run())
    folder, readme = folder_of(tmp_path, text), tmp_path / "README.md"
    (folder / "chart.svg").write_text("<svg/>" + chart.mark([text]))
    readme.write_text(f"first\n{recorded.BEGIN}{recorded.END}last\n")
    assert list(recorded.faults(folder, readme)) == [f"{readme} does not say what the figures in {folder} say"]
    block = recorded.block(recorded.read(folder)[1], "recorded/chart.svg")
    readme.write_text(recorded.splice(readme.read_text(), block))
    assert readme.read_text().startswith("first\n<!--") and readme.read_text().endswith("-->\nlast\n")
    assert list(recorded.faults(folder, readme)) == []
    folder_of(tmp_path, text.replace("61.26", "16.26"))
    assert len(list(recorded.faults(folder, readme))) == 2
    with pytest.raises(ValueError, match="no place"):
        recorded.splice("first\n", "")


def test_readme_says_what_was_recorded():
    assert list(recorded.faults(recorded.FOLDER, prepare.TREE / "README.md")) == []


def test_every_peer_has_a_configuration():
    there = {path.stem for path in pathlib.Path(prepare.HERE / "peers").glob("*.conf")}
    assert there == set(results.PEERS)
