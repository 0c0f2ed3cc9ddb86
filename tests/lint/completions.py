#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The completions of bash, zsh and fish are what the tables make of them, and offer just that.

Each shell is driven for every command: it has to offer the commands, the options of the command,
and the words and files that an option takes, and nothing else. --write makes the files anew.
"""

import pathlib
import tempfile

import completion_files
import shells
import tables
import tree

FOLDER = pathlib.Path("packaging/completions")


def expected(known):
    """(words on the line, what is offered for the last of them) of all that is tried."""
    names = [c["name"] for c in known["commands"]]
    yield [""], {name for name in names if name}
    for command in names:
        begun = [command] if command else []
        yield [*begun, "--"], {f"--{o['name']}" for o in known["options"]
                               if command in o["commands"]}
    for option in known["options"]:
        command = option["commands"][-1]
        begun = [command] if command else []
        words = completion_files.words_of(option, known)
        if words:
            yield [*begun, f"--{option['name']}", ""], set(words)
            short = f"-{option['letter']}" if option["letter"] else f"--{option['name']}"
            yield [*begun, short, words[0][:2]], {
                word for word in words if word.startswith(words[0][:2])}
    yield ["--config", ""], {"a.yaml", "folder"}
    yield ["check", "-c", "a"], {"a.yaml"}


def check_shell(name, path, known, folder):
    for words, offered in expected(known):
        found = shells.SHELLS[name](path, words, folder)
        said = f"{name}: `svc-agent {' '.join(words)}`"
        for missing in sorted(offered - found):
            yield f"{said} does not offer {missing}"
        for wrong in sorted(found - offered):
            yield f"{said} offers {wrong}"


def main():
    parser = tree.arguments(__doc__)
    parser.add_argument("--tables", required=True)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--shell", action="append", help="drive this one, not all of them")
    options = parser.parse_args()
    known = tables.read(options.tables)
    made, findings = completion_files.make(known), []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a.yaml", "b.txt"):
            pathlib.Path(folder, name).write_text("")
        pathlib.Path(folder, "folder").mkdir()
        for shell, (name, text) in made.items():
            path = options.root / FOLDER / name
            if options.write:
                path.write_text(text)
            if path.read_text() != text:
                findings.append(f"{FOLDER / name}: differs from the tables; run this with --write")
            if shell in (options.shell or made):
                findings.extend(check_shell(shell, path, known, folder))
    tree.finish("completions", findings, len(made))


if __name__ == "__main__":
    main()
