# SPDX-License-Identifier: Apache-2.0
"""The program's tables, as its own `tables` prints them, and what every comparison shares."""

import json
import subprocess


def read(program):
    """The document that tests/lint/tables.c describes."""
    ran = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True, timeout=240)
    return json.loads(ran.stdout)


def compare(where, what, said, true):
    """A finding for each name that only one side has, and for each that is said twice."""
    said = list(said)
    for missing in [name for name in true if name not in said]:
        yield f"{where}: {what} {missing} is missing"
    for wrong in [name for name in said if name not in true]:
        yield f"{where}: {what} {wrong} is not in the program"
    for twice in sorted({name for name in said if said.count(name) > 1}):
        yield f"{where}: {what} {twice} is there twice"
