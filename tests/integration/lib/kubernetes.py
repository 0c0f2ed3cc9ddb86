# SPDX-License-Identifier: Apache-2.0
"""Kubernetes manifests, held against Kubernetes' own API.

As a program: the types find a member that does not exist or is missing, the validators, when the
program runs, a value of a wrong form.
"""

import json
import os
import pathlib
import subprocess

from lib.promotion import BUILT

MODULES = pathlib.Path(os.environ.get("SVC_SCHEMAS", ".")).resolve() / "node_modules"
TYPE = ("apiVersion", "kind")  # they say which class it is, and the class knows them
OPTIONS = {
    "strict": True,
    "skipLibCheck": True,
    "module": "commonjs",
    "moduleResolution": "node10",
    "target": "es2022",
    "types": [],
}


def program(documents):
    """TypeScript that makes each of the documents; a line for each import and each document."""
    lines = []
    for number, document in enumerate(documents):
        module = f"kubernetes-models/{document['apiVersion']}"
        lines.append(f'import {{ {document["kind"]} as K{number} }} from "{module}";')
    for number, document in enumerate(documents):
        body = {name: value for name, value in document.items() if name not in TYPE}
        lines.append(f"new K{number}({json.dumps(body)}).validate();")
    return "\n".join(lines) + "\n"


class Programs:
    """A program for each name; `messages` is what the compiler has against them."""

    def __init__(self, folder, documents):
        self.folder = folder
        (folder / "node_modules").symlink_to(MODULES)
        for name, some in documents.items():
            (folder / f"{name}.ts").write_text(program(some))
        (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS}))
        done = self._run(BUILT / "node_modules" / ".bin" / "tsc", "-p", folder)
        print(done.stdout, done.stderr)
        self.messages = [line for line in done.stdout.splitlines() if ": error TS" in line]

    def _run(self, *words):
        return subprocess.run(
            words, cwd=self.folder, capture_output=True, text=True, timeout=600, check=False
        )

    def validate(self, name):
        """The program's end and what it said."""
        return self._run("node", self.folder / f"{name}.js")
