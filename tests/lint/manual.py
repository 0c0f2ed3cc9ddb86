#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The manual says what the program's tables say, and mandoc has nothing to say about it.

An entry of a page is a line that begins with bold text, above a text that is indented. What an
entry is about stands in its first line in a form that only the tables decide: the option with its
argument, the key with its type, limits and default, the reason with what it does. The text below
is a person's. Every row of a table has its entry, and every entry a row; --write sets the first
lines anew and adds entries that are missing.
"""

import re
import subprocess
import sys

import tables
import tree

FOLDER = "packaging/man"
BOLD = re.compile(r"\*((?:[^*\\]|\\.)+)\*")
SIGNAL = re.compile(r"\bSIG(?!_)[A-Z0-9]+\b")
VARIABLE = re.compile(r'getenv\("([A-Z_]+)"\)')

# Whose text is the table's own.
TABLES_OWN = {"metric", "finding"}

VERDICTS = {
    "pass": "passes",
    "hard": "withdraws at once",
    "soft": "counts to the threshold",
    "inconclusive": "says nothing about the service",
}


# ---- the form of a first line ------------------------------------------------------------------


def plain(text):
    """As scdoc shows it, whatever it would mean to scdoc."""
    return re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|[*\\]", r"\\\g<0>", text)


def bold(text):
    return f"*{plain(text)}*"


def styled(usage):
    """What is typed in bold, what stands for something else underlined: `drain [SERVICE ...]`."""
    text = re.sub(r"[a-z-][a-z0-9-]*(?: [a-z-][a-z0-9-]*)*", r"*\g<0>*", usage)
    return re.sub(r"\b[A-Z]+(?:\|[A-Z]+)*\b", r"_\g<0>_", text)


def listed(words):
    return ", ".join(bold(word) for word in words)


def limits(key):
    return f"{key['min']} to {key['max']}" if key["min"] else f"at most {key['max']}"


TYPES = {
    "name": lambda key: f"name, {limits(key)} characters",
    "token": lambda key: f"text, {limits(key)} characters",
    "text": lambda key: f"text, {limits(key)} characters",
    "secret": lambda key: f"text, {limits(key)} characters",
    "label": lambda key: f"name, {limits(key)} characters",
    "host": lambda key: "host",
    "peer": lambda key: "host",
    "prefix": lambda key: f"path, {limits(key)} characters",
    "file": lambda key: "file",
    "output": lambda key: "file",
    "socket": lambda key: f"file, {limits(key)} characters",
    "flag": lambda key: "true or false",
    "count": lambda key: f"number, {limits(key)}",
    "span": lambda key: f"duration, {limits(key)}",
    "seconds": lambda key: f"duration of whole seconds, {limits(key)}",
    "word": lambda key: listed(key["words"]),
    "path": lambda key: f"path, {limits(key)} characters",
    "statuses": lambda key: f"number or range, {limits(key)}",
    "formats": lambda key: f"list of {listed(key['words'])}",
    "endpoints": lambda key: "list of endpoints",
    "target": lambda key: "address",
    "scalars": lambda key: "mapping",
    "headers": lambda key: "mapping",
    "command": lambda key: f"list of {limits(key)} words",
    "mappings": lambda key: f"list of {limits(key)}",
    "part": lambda key: "section",
}


def uses(key):
    """Which types it is for: ("for", "required for")."""
    found = key.get("types", {})
    if len(set(found.values())) < 2:
        return
    for use, words in (("needed", "required for"), ("possible", "for")):
        types = [name for name, value in found.items() if value == use]
        if types:
            yield f"{words} {listed(types)}"


def key_line(key):
    parts = [TYPES[key["kind"]](key), *uses(key)]
    if key["need"] == "required":
        parts.append("required")
    elif key["default"] not in {None, '""', "[]"}:
        parts.append(f"default {bold(key['default'])}")
    return f"{bold(key['path'])} ({'; '.join(parts)})"


def option_line(option):
    names = [f"-{option['letter']}"] if option["letter"] else []
    line = ", ".join(bold(name) for name in [*names, f"--{option['name']}"])
    return f"{line} {styled(option['argument'])}" if option["argument"] else line


def reason_line(reason):
    return f"{bold(reason['token'])} ({VERDICTS[reason['verdict']]})"


def finding_line(finding):
    return f"{bold(finding['code'])} ({finding['level']})"


def metric_line(metric):
    labels = f"{{{metric['labels']}}}" if metric["labels"] else ""
    return f"{bold(metric['name'])}{labels} ({metric['type']})"


# ---- a page ------------------------------------------------------------------------------------


class Page:
    """The source of a page, by its sections."""

    def __init__(self, root, name):
        self.name = f"{FOLDER}/{name}.scd"
        self.path = root / self.name
        self.lines = self.path.read_text().splitlines()

    def section(self, heading):
        """The range of the lines below a heading of either level."""
        level = "##" if heading.islower() else "#"
        if f"{level} {heading}" not in self.lines:
            return None
        start = self.lines.index(f"{level} {heading}") + 1
        end = start
        while end < len(self.lines) and not self.lines[end].startswith("#"):
            end += 1
        return range(start, end)

    def entries(self, heading):
        """{line: names in bold} of the entries of a section."""
        return {
            at: BOLD.findall(self.lines[at])
            for at in self.section(heading) or ()
            if self.lines[at].startswith("*") and self.lines[at + 1:at + 2] != []
            and self.lines[at + 1].startswith("\t")
        }

    def subheadings(self, heading):
        start = self.section(heading).stop
        found = []
        for line in self.lines[start:]:
            if line.startswith("# "):
                break
            if line.startswith("## "):
                found.append(line[3:])
        return found

    def save(self):
        self.path.write_text("\n".join(self.lines) + "\n")


def first_name(line):
    return BOLD.match(line).group(1)


def first_text(sentence):
    """What --write puts below a first line, for a person to replace."""
    return f"\t{plain(sentence)}."


def check_entries(page, heading, what, rows, write):
    """rows: {first line: the table's sentence} of all entries that the section has to have.

    What is in TABLES_OWN has no other text than its table's, which the program shows too."""
    if page.section(heading) is None:
        yield f"{page.name}: there is no section {heading}"
        return
    true = {first_name(line): line for line in rows}
    if write:
        write_entries(page, heading, what, true, rows)
    entries = page.entries(heading)
    said = [names[0] for names in entries.values()]
    yield from tables.compare(page.name, what, said, true)
    for at, names in entries.items():
        line = true.get(names[0], page.lines[at])
        if page.lines[at] != line:
            yield f"{page.name}:{at + 1}: should be {line}"
        own = page.lines[at + 1] != first_text(rows.get(line, ""))
        if not own and what not in TABLES_OWN:
            yield f"{page.name}:{at + 1}: {names[0]} has no text of its own yet"
        elif own and what in TABLES_OWN:
            yield f"{page.name}:{at + 2}: should be {first_text(rows.get(line, ''))}"


def write_entries(page, heading, what, true, rows):
    said = {}
    for at, names in page.entries(heading).items():
        said[names[0]] = at
        page.lines[at] = true.get(names[0], page.lines[at])
        if what in TABLES_OWN and names[0] in true:
            page.lines[at + 1] = first_text(rows[page.lines[at]])
    missing = [line for name, line in true.items() if name not in said]
    end = page.section(heading).stop
    while page.lines[end - 1] == "":
        end -= 1
    for line in missing:
        page.lines[end:end] = ["", line, first_text(rows[line])]
        end += 3
    if end < len(page.lines) and page.lines[end] != "":
        page.lines.insert(end, "")


def check_text(page, heading, what, true):
    """Each name in bold in an entry of the section, or in its text, is one of `true`, and the reverse."""
    said = set()
    for at in page.entries(heading):
        while at < len(page.lines) and page.lines[at] != "":
            said.update(name for name in BOLD.findall(page.lines[at]) if "." not in name)
            at += 1
    return tables.compare(page.name, what, sorted(said), sorted(true))


def check_names(page, heading, what, true):
    """Each name in bold in the first lines of the section is one of `true`, and the reverse."""
    said = [name for names in page.entries(heading).values() for name in names]
    return tables.compare(page.name, what, said, true)


def check_synopsis(page, known, write):
    where = page.section("SYNOPSIS")
    true = [""]
    for command in known["commands"]:
        true += [styled(command["usage"]), ""]
    if write:
        page.lines[where.start:where.stop] = true
    elif page.lines[where.start:where.stop] != true:
        yield f"{page.name}: SYNOPSIS differs from the table of commands"


# ---- what the sources say ----------------------------------------------------------------------


def sources(root):
    return [(root / f).read_text() for f in tree.c_files(root)
            if f.parts[0] == "agent" and f.suffix == ".c"]


def signals(root):
    """What the agent itself handles: its children get theirs from agent/child.c."""
    return sorted({
        signal for f in tree.c_files(root) if f.parts[0] == "agent" and f.parent.name not in {"net", "outputs"}
        and f.suffix == ".c" and f.stem != "child"
        for signal in SIGNAL.findall(re.sub(r'"[^"\n]*"|/\*.*?\*/', "", (root / f).read_text(),
                                            flags=re.S))
    })


def status_members(root):
    text = (root / "agent/admin/status_json.c").read_text()
    return set(re.findall(r'\badd_?\w*\(item, "(\w+)"', text.replace("json_add", "add")))


def routes(root):
    text = (root / "agent/admin/admin_routes.c").read_text()
    found = re.findall(r'\{ \.path = "(/\w+)"([^}]*)\}', text)
    return [f"{'POST' if '.acts = true' in more else 'GET'} {path}" for path, more in found]


def variables(root, known):
    found = {name for text in sources(root) for name in VARIABLE.findall(text)}
    for key in known["keys"]:
        found.update(re.findall(r"\$\{([A-Z_]+)", key["default"] or ""))
    return sorted(found)


# ---- all of it ---------------------------------------------------------------------------------


def check_program(page, known, root, write):
    yield from check_synopsis(page, known, write)
    for heading, what, rows in (
        ("COMMANDS", "command", {styled(c["usage"]): c["help"] for c in known["commands"]}),
        ("OPTIONS", "option", {option_line(o): o["help"] for o in known["options"]}),
        ("REASONS", "reason", {reason_line(r): r["sentence"] for r in known["reasons"]}),
        ("FINDINGS", "finding", {finding_line(f): f["advice"] for f in known["findings"]}),
        ("METRICS", "metric", {metric_line(m): m["help"] for m in known["metrics"]}),
        ("EXIT STATUS", "status", {bold(str(e["code"])): e["help"] for e in known["exits"]}),
    ):
        yield from check_entries(page, heading, what, rows, write)
    yield from check_text(page, "STATUS", "member", status_members(root))
    yield from check_names(page, "ADMIN", "route", routes(root))
    yield from check_names(page, "SIGNALS", "signal", signals(root))
    yield from check_names(page, "ENVIRONMENT", "variable", variables(root, known))


def check_descriptors(page, known, write):
    sections = list(dict.fromkeys(key["path"].split(".")[0] for key in known["keys"]))
    for section in sections:
        rows = {key_line(key): key["help"] for key in known["keys"]
                if key["path"].split(".")[0] == section}
        yield from check_entries(page, section.upper(), "key", rows, write)
    words = {key["path"]: key.get("words") for key in known["keys"]}
    yield from check_names(page, "FORMATS", "format", words["register.formats"])
    yield from tables.compare(page.name, "output", page.subheadings("OUTPUTS"),
                              words["discover.services[].outputs[].type"])


def check_mandoc(page, root):
    """The page as it is built."""
    with open(page.path, "rb") as source:
        made = subprocess.run(["scdoc"], stdin=source, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
    if made.returncode != 0:
        yield f"{page.name}: {made.stderr.decode().strip()}"
        return
    tidied = subprocess.run(["awk", "-f", str(root / FOLDER / "tidy.awk")], input=made.stdout,
                            stdout=subprocess.PIPE, check=True)
    ran = subprocess.run(["mandoc", "-Tlint", "-Wwarning"], input=tidied.stdout,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    for line in ran.stdout.decode().splitlines():
        yield f"{page.name}: {line}"


def main():
    parser = tree.arguments(__doc__)
    parser.add_argument("--tables", required=True)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    known = tables.read(options.tables)
    program, descriptors = (Page(options.root, name)
                            for name in ("svc-agent.8", "svc-agent.yaml.5"))
    findings = [
        *check_program(program, known, options.root, options.write),
        *check_descriptors(descriptors, known, options.write),
    ]
    if options.write:
        program.save()
        descriptors.save()
    findings += [*check_mandoc(program, options.root), *check_mandoc(descriptors, options.root)]
    tree.finish("manual", findings, len(known["keys"]))


if __name__ == "__main__":
    sys.exit(main())
