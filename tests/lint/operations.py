#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""packaging/OPERATIONS.md says what every line of the log means.

A row of its tables names a line by words of it, with `...` for what differs: the lines that are
logged as warnings or errors stand under Trouble, with what to do about them, the others that are
not for debugging under Changes. Every line that a source can write has one row, and every row a
line.
"""

import re

import tree

NAME = "packaging/OPERATIONS.md"
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
PRINTED = re.compile(r'"\s*PRI[a-zA-Z0-9]+\s*"')  # "id %" PRIx64 ")": the letter of a format
JOINED = re.compile(r'"\s*"')
FORMAT = re.compile(r"%[-#0-9.*]*(?:ll|l|z|h|j)?[a-zA-Z]")

# Where sentences are made that somebody else logs: a call, and the argument that has them.
MADE = (
    (re.compile(r"(?:->say|->on_notice|\bno_watch)\("), 1),
    (re.compile(r"\bsnprintf\((?=sentence,|auth->why,|message,)"), 2),
)
HANDS_UP = re.compile(r"->say\(|->on_notice\(|\bput_line\(")
NEWS = re.compile(r"^const char \*\w+_(?:advice|news)\([^)]*\)\n{\n(.*?)^}", re.M | re.S)
ROW = re.compile(r"^\| `([^`]+)` \|(.*)\|$", re.M)
LOUD, QUIET = {"LOG_WARN", "LOG_ERROR"}, {"LOG_INFO"}


def arguments(text, start):
    """The arguments of a call, from behind its opening bracket."""
    found, depth, at = [""], 0, start
    while depth >= 0:
        string = TEXT.match(text, at)
        piece = string.group(0) if string else text[at]
        depth += (piece in {"(", "{"}) - (piece in {")", "}"})
        if piece == "," and depth == 0:
            found.append("")
        elif depth >= 0:
            found[-1] += piece
        at += len(piece)
    return found


def sentences(argument):
    """What a format prints: the texts of it, `...` for each value."""
    joined = JOINED.sub("", PRINTED.sub("d", argument.replace("\n", " ")))
    return [FORMAT.sub("...", text) for text in TEXT.findall(joined)]


def levels(argument, text):
    """Where lines of a level belong; a level that is decided elsewhere is all that it can be."""
    named = set(re.findall(r"\bLOG_[A-Z]+\b", argument))
    if not named:
        named = set(re.findall(rf"\b{argument.strip()} = [^;]*?(LOG_[A-Z]+)\b", text))
    return {name for name, some in (("Trouble", LOUD), ("Changes", QUIET)) if named & some}


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def logged(text):
    """(where it belongs, sentence) of each line that a source logs itself."""
    for call in re.finditer(r"\blog_write\(", text):
        level, _, form, *values = arguments(text, call.end())
        where = levels(level, text)
        said = sentences(form)
        if said == ["..."]:
            said = [one for value in values for one in sentences(value)]
        for sentence in said:
            if where and sentence != "...":
                yield where, sentence


def handed_up(text):
    """Sentences for somebody else to log."""
    for pattern, place in MADE if HANDS_UP.search(text) else ():
        for call in pattern.finditer(text):
            given = arguments(text, call.end())
            yield from sentences(given[place]) if len(given) > place else ()
    for found in NEWS.finditer(text):
        yield from sentences(found.group(1))


def lines_of(root):
    """[(file, where it belongs, sentence)] of all that can stand in a log."""
    for path in tree.c_files(root):
        if path.parts[0] == "tests" or path.suffix != ".c":
            continue
        text = without_comments((root / path).read_text())
        for where, sentence in logged(text):
            yield str(path), where, sentence
        for sentence in handed_up(text):
            if not re.search("[a-z]{3}", sentence):
                continue
            where = "Changes" if path.parts[0] == "probes" else "Trouble"
            yield str(path), {where}, sentence


def matches(row, sentence):
    """The parts of a row stand in the sentence, in their order."""
    at = 0
    for part in row.split("..."):
        at = sentence.find(part.strip(), at)
        if at < 0:
            return False
        at += len(part.strip())
    return True


def section(text, heading):
    found = re.search(rf"^### {heading}\n(.*?)(?=^##|\Z)", text, re.M | re.S)
    return found.group(1) if found else ""


def closest(rows, sentence):
    """The row of a sentence: of several, the one with the most words of it."""
    found = [row for row in rows if matches(row, sentence)]
    return max(found, key=lambda row: len(row.replace("...", "")), default=None)


def check_lines(root, text):
    rows = {where: [row for row, _ in ROW.findall(section(text, where))]
            for where in ("Trouble", "Changes")}
    used = {where: set() for where in rows}
    for path, where, sentence in lines_of(root):
        found = {place: closest(rows[place], sentence) for place in where}
        for place, row in found.items():
            used[place].add(row)
        if not any(found.values()):
            yield f"{NAME}: nothing says what '{sentence}' of {path} means"
    for where, names in rows.items():
        for row in names:
            if row not in used[where]:
                yield f"{NAME}: {where}: no source logs '{row}'"
            if names.count(row) > 1:
                yield f"{NAME}: {where}: '{row}' is there twice"


def check_advice(text):
    for row, cells in ROW.findall(section(text, "Trouble")):
        if len(cells.split("|")) != 2 or not all(cell.strip() for cell in cells.split("|")):
            yield f"{NAME}: '{row}' needs a meaning and what to do"


def main():
    options = tree.arguments(__doc__).parse_args()
    text = (options.root / NAME).read_text()
    findings = [*check_lines(options.root, text), *check_advice(text)]
    tree.finish("operations", findings, len(ROW.findall(text)))


if __name__ == "__main__":
    main()
