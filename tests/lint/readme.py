#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What README.md, CONTRIBUTING.md and the pages beside them say is what there is.

The modules are compared with the sources, in both directions; the manual, which has the tables, has a
lint of its own. What the pages speak of in passing must exist: commands, options, keys, metrics, and
what they point to. The examples are checked by the program.
"""

import os
import pathlib
import re
import subprocess
import tempfile

import tables
import tree

MENTIONS = ("README.md", "packaging/OPERATIONS.md", "packaging/README.md",
            "contrib/monitoring/README.md")
EXAMPLES = ("README.md", "packaging/man/svc-agent.yaml.5.scd")

OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*|-[a-zA-Z](?![\w-]))")
INLINE = re.compile(r"`([^`]+)`")
CALL = re.compile(r"(?:^|[ \[])svc-agent(?: ([a-z]+))?((?: -.*)?)$")
KEY = re.compile(r"(?<![\w./-])(?:service|register|etcd|probe|discover|shutdown|admin|log)"
                 r"\.(?!yaml|sock|service|pem)[a-z_]+(?:(?:\[\])?\.[a-z_]+)*")
METRIC = re.compile(r"\bsvc_agent_[a-z0-9_]+\b")
FINDING = re.compile(r"(?:PORT|HEALTH|ETCD_(?!HOSTS)|AUTH|PERMISSION|KEY|OUTPUT|PREFIX|ADMIN)_?[A-Z_]+")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
SCRIPT = re.compile(r"(?:^|\s)\./([\w./-]+)")


def run(agent, *arguments):
    environment = {k: v for k, v in os.environ.items()
                   if k not in {"SERVICE_NAME", "SERVICE_HOST", "GRPC_PORT", "ETCD_HOSTS"}}
    return subprocess.run(
        [agent, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        check=False, timeout=240, env=environment,
    )


def check_descriptor(agent, text):
    """Runs `check` on a descriptor given as text."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "example.yaml")
        path.write_text(text)
        return run(agent, "check", "--config", str(path))


def first_cells(text):
    """The first cell of each table row."""
    cells = re.findall(r"^\|(.*?)(?<!\\)\|", text, re.M)
    return [cell.strip() for cell in cells if not set(cell.strip()) <= set("-: ")]


def compare(what, said, true, file="README.md"):
    for missing in sorted(true - said):
        yield f"{file}: {what} {missing} is not in its table"
    for wrong in sorted(said - true):
        yield f"{file}: {what} {wrong} is in the table but not in the program"


def codes(text):
    """What a text shows as code, a line each."""
    for _, block in BLOCK.findall(text):
        yield from block.splitlines()
    yield from (piece.replace("\n", " ") for piece in INLINE.findall(BLOCK.sub("", text)))


def check_mentions(root, known):
    """What a text speaks of in passing is there, too."""
    keys = {key["path"] for key in known["keys"]}
    keys |= {path.replace("[]", "") for path in keys}
    parts = {path.rsplit(".", n)[0] for path in keys for n in (1, 2)}
    mappings = {key["path"] for key in known["keys"] if key["kind"] in {"scalars", "headers"}}
    options = {f"--{option['name']}" for option in known["options"]}
    metrics = {metric["name"] + end for metric in known["metrics"]
               for end in ("", "_bucket", "_sum", "_count")}
    tokens = {row["code"] for row in known["findings"]} | {row["token"] for row in known["reasons"]}
    commands = {command["name"] for command in known["commands"]}
    for name in MENTIONS:
        for code in codes((root / name).read_text()):
            for command, rest in CALL.findall(code):
                wrong = [command] if command and command not in commands else []
                wrong += [word for word in OPTION.findall(rest)
                          if word.startswith("--") and word not in options]
                for word in wrong:
                    yield f"{name}: svc-agent has no {word}: {code}"
            for key in KEY.findall("" if "unknown key" in code else code):
                if key not in keys | parts and key.rsplit(".", 1)[0] not in mappings:
                    yield f"{name}: there is no key {key}"
            if FINDING.fullmatch(code) and code not in tokens:
                yield f"{name}: there is no {code}"
            for metric in METRIC.findall(code):
                if metric not in metrics:
                    yield f"{name}: there is no metric {metric}"


def check_modules(root):
    text = (root / "CONTRIBUTING.md").read_text()
    said = set(re.findall(r"^`([\w/]*\w)`$", "\n".join(first_cells(text)), re.M))
    true = {str(f).rsplit(".", 1)[0] for f in tree.c_files(root) if f.parts[0] != "tests"}
    return compare("module", said, true, "CONTRIBUTING.md")


def check_examples(root, agent):
    """Every descriptor that a text shows is accepted as it stands."""
    for name in EXAMPLES:
        examples = [text for _, text in BLOCK.findall((root / name).read_text())
                    if text.startswith(("service:", "discover:"))]
        if not examples:
            yield f"{name}: shows no descriptor"
        for text in examples:
            ran = check_descriptor(agent, text)
            if ran.returncode != 0:
                yield f"{name}: an example is not accepted as it stands: {ran.stderr.strip()}"


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
    parser.add_argument("--tables", required=True)
    options = parser.parse_args()
    findings = [
        *check_mentions(options.root, tables.read(options.tables)),
        *check_modules(options.root),
        *check_examples(options.root, options.agent),
        *check_pointers(options.root),
    ]
    tree.finish("readme", findings, len(MENTIONS))


if __name__ == "__main__":
    main()
