#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What README.md and CONTRIBUTING.md say is what there is.

Commands and options are compared with --help, the table of descriptor keys with what `check`
prints for descriptors that set what is required and what is else left out, the reasons with
probes/reason.c, what doctor finds with agent/doctor_codes.c and the modules with the sources, each in
both directions; the examples are checked by the program, and what a text points to must exist.
"""

import os
import pathlib
import re
import subprocess
import tempfile

import tree

MINIMAL = "service:\n  name: a\n  port: 1\n"

# A reader, with an output of each type.
READER = """discover:
  services:
    - name: a
      outputs:
        - {type: json, path: /tmp/a}
        - {type: envoy, path: /tmp/b}
        - {type: haproxy, socket: /c}
        - {type: nginx, path: /tmp/d}
        - {type: exec, command: [a]}
"""

# What `check` leaves out unless it is set; the two passwords exclude each other.
MORE = (
    "etcd: {username: a, password_file: /dev/null, tls: {}}\nprobe: {tls: {}}\n"
    "admin: {listen: localhost:1}\n",
    "etcd: {username: a, password: a}\n",
    # The keys of other types of probes.
    "probe: {type: http}\n",
    "probe: {type: exec, command: [a]}\n",
)

OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*|-[a-zA-Z](?![\w-]))")
COMMAND = re.compile(r"\bsvc-agent ([a-z]+)\b")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
SCRIPT = re.compile(r"(?:^|\s)\./([\w./-]+)")


def run(agent, *arguments):
    environment = {k: v for k, v in os.environ.items()
                   if k not in {"SERVICE_NAME", "SERVICE_HOST", "GRPC_PORT", "ETCD_HOSTS"}}
    return subprocess.run(
        [agent, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        check=False, timeout=30, env=environment,
    )


def check_descriptor(agent, text):
    """Runs `check` on a descriptor given as text."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "example.yaml")
        path.write_text(text)
        return run(agent, "check", "--config", str(path))


def section(text, heading):
    """The text under a heading of the second level."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return found.group(1) if found else ""


def first_cells(text):
    """The first cell of each table row."""
    cells = re.findall(r"^\|(.*?)(?<!\\)\|", text, re.M)
    return [cell.strip() for cell in cells if not set(cell.strip()) <= set("-: ")]


def compare(what, said, true, file="README.md"):
    for missing in sorted(true - said):
        yield f"{file}: {what} {missing} is not in its table"
    for wrong in sorted(said - true):
        yield f"{file}: {what} {wrong} is in the table but not in the program"


def check_options(readme, agent):
    shown = run(agent, "--help")
    if shown.returncode != 0 or not shown.stdout:
        yield f"--help ended with {shown.returncode}"
        return
    table = "\n".join(first_cells(section(readme, "Commands and options")))
    yield from compare("option", set(OPTION.findall(table)), set(OPTION.findall(shown.stdout)))
    yield from compare("command", set(COMMAND.findall(table)), set(COMMAND.findall(shown.stdout)))


def printed_keys(text):
    """{dotted key: value} of the levels below the sections that `check` prints.

    A key of the mappings in a list is named `list[].key`."""
    keys, path = {}, []
    for line in text.splitlines():
        found = re.match(r"((?:  )*)(- )?([a-z_]+):(?: (.*))?$", line)
        if not found:
            continue
        level = len(found.group(1)) // 2
        path[level:] = ["[]", found.group(3)] if found.group(2) else [found.group(3)]
        if level > 0:
            keys[".".join(path).replace(".[]", "[]")] = (found.group(4) or "").strip("\"'")
    return keys


def check_keys(readme, agent):
    true = {}
    # The smallest comes last: its values are the defaults.
    for text in (READER, *(MINIMAL + more for more in MORE), MINIMAL):
        shown = check_descriptor(agent, text)
        if shown.returncode != 0:
            yield f"check refuses a small descriptor: {shown.stderr.strip()}"
            return
        true.update(printed_keys(shown.stdout))
    rows = re.findall(r"^\| `([a-z_.\[\]]+)` \|([^|]*)\|", section(readme, "The descriptor"), re.M)
    yield from compare("descriptor key", {key for key, _ in rows}, set(true))
    for key, default in rows:
        literal = re.fullmatch(r"\s*`([^`]*)`\s*", default)
        if literal and key in true and literal.group(1).strip("\"'") != true[key]:
            yield f"README.md: the default of {key} is {true[key]}, not {literal.group(1)}"


def check_reasons(readme, root):
    true = set(re.findall(r'"([A-Z_]+)"', (root / "probes/reason.c").read_text()))
    said = set(re.findall(r"^`([A-Z_]+)`$", "\n".join(first_cells(section(readme, "The log"))), re.M))
    return compare("reason", said, true)


def check_findings(readme, root):
    """What `doctor` finds: code, level and advice are those of the program."""
    source = (root / "agent/doctor_codes.c").read_text()
    true = {code: (level.lower(), re.sub(r'\\(.)', r"\1", advice)) for code, level, advice in
            re.findall(r'^\s*ROW\((\w+),\s*(\w+),\s*"((?:[^"\\]|\\.)*)"\)', source, re.M)}
    rows = re.findall(r"^\| `([A-Z_]+)` \| (\w+) \| (.*) \|$", section(readme, "What is wrong"), re.M)
    yield from compare("code", {code for code, _, _ in rows}, set(true))
    for code, level, advice in rows:
        plain = re.sub(r"\[([^]]*)\]\(#[^)]*\)", r'"\1"', advice)
        if code in true and (level, plain) != true[code]:
            yield f"README.md: {code} is: {true[code][0]}, {true[code][1]}"


def check_modules(root):
    text = (root / "CONTRIBUTING.md").read_text()
    said = set(re.findall(r"^`([\w/]+)`$", "\n".join(first_cells(text)), re.M))
    true = {str(f).rsplit(".", 1)[0] for f in tree.c_files(root) if f.parts[0] != "tests"}
    return compare("module", said, true, "CONTRIBUTING.md")


def check_examples(readme, agent):
    examples = [text for kind, text in BLOCK.findall(readme)
                if kind == "yaml" and text.startswith(("service:", "discover:"))]
    if not examples:
        yield "README.md: shows no descriptor"
    for text in examples:
        ran = check_descriptor(agent, text)
        if ran.returncode != 0 or ran.stderr:
            yield f"README.md: an example is not accepted as it stands: {ran.stderr.strip()}"


def check_pointers(root):
    """Links lead somewhere, and every ./command that is shown can be executed."""
    for path in tree.files(root):
        if path.suffix != ".md":
            continue
        text = (root / path).read_text()
        for target in LINK.findall(text):
            if not (root / path.parent / target).exists():
                yield f"{path}: points to {target}, which does not exist"
        for kind, block in BLOCK.findall(text):
            for script in SCRIPT.findall(block) if kind == "sh" else []:
                if not os.access(root / script, os.X_OK):
                    yield f"{path}: shows ./{script}, which cannot be executed"


def main():
    parser = tree.arguments(__doc__)
    parser.add_argument("--agent", required=True)
    options = parser.parse_args()
    readme = (options.root / "README.md").read_text()
    findings = [
        *check_options(readme, options.agent),
        *check_keys(readme, options.agent),
        *check_reasons(readme, options.root),
        *check_findings(readme, options.root),
        *check_modules(options.root),
        *check_examples(readme, options.agent),
        *check_pointers(options.root),
    ]
    tree.finish("readme", findings, 7)


if __name__ == "__main__":
    main()
