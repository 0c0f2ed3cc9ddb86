# SPDX-License-Identifier: Apache-2.0
"""What was recorded for README.md: the figures, the picture drawn of them, and the text. Pure."""

import pathlib

import chart
import results
import summary

FOLDER = pathlib.Path(__file__).resolve().parent / "recorded"
PICTURE = "chart.svg"
BEGIN = "<!-- of tests/bench/recorded, written by tests/bench/record -->\n"
END = "<!-- end of tests/bench/recorded -->\n"


def read(folder):
    """(texts, runs of each kind) of a folder; both in one order."""
    texts = [path.read_text() for path in sorted(folder.glob("*.tsv"))]
    kinds = {kind: [] for kind in summary.ROWS}
    for text in texts:
        run = results.read(text)
        kinds[run.about["kind"]].append(run)
    return texts, {kind: runs for kind, runs in kinds.items() if runs}


def block(kinds, picture):
    """What README.md says: the picture, and a table of each kind."""
    tables = "\n".join(summary.markdown(runs) for runs in kinds.values())
    return f"{BEGIN}\n![each figure beside those of the others]({picture})\n\n{tables}\n{END}"


def splice(text, new):
    """A text with the part between the two marks, and the marks, replaced."""
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise ValueError("README.md has no place for what was recorded")
    return before + new + after


def faults(folder, readme):
    """What of README.md and of the picture is not what the figures say."""
    texts, kinds = read(folder)
    if not kinds:
        yield f"{folder}: there are no figures"
        return
    picture = folder / PICTURE
    if not picture.exists() or chart.mark(texts) not in picture.read_text():
        yield f"{picture} was not drawn of the figures beside it"
    shown = str(picture.relative_to(readme.parent))
    if splice(readme.read_text(), block(kinds, shown)) != readme.read_text():
        yield f"{readme} does not say what the figures in {folder} say"
