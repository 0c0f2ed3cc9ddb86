# SPDX-License-Identifier: Apache-2.0
"""Runs `svc-agent doctor` and reads what it has found."""

import json
import re
from collections import namedtuple

from lib.agent import run

LINE = re.compile(r"(ok|skipped|warning|problem) +(\S+)  +(.*?)(?: \[([A-Z_]+)\])?$")

Finding = namedtuple("Finding", "level check text code")


class Report:
    """One run, perhaps `within` another program: `findings` in their order, `status` it ended with, all that was `said`."""

    def __init__(self, *configs, env=None, within=()):
        words = [word for config in configs for word in ("--config", config)]
        done = run("doctor", *words, env=env, timeout=120, within=within)
        self.status = done.returncode
        self.said = done.stdout + done.stderr
        self.findings = []
        for line in done.stdout.splitlines()[:-1]:
            found = LINE.match(line)
            if found:
                level, check, text, code = found.groups()
                self.findings.append(Finding(level, check, text, code))
            else:
                assert line.startswith(" " * 22 + "-> "), f"a line that is none: {line}"
        assert done.stderr == ""

    @property
    def problems(self):
        return [f.code for f in self.findings if f.level == "problem"]

    @property
    def warnings(self):
        return [f.code for f in self.findings if f.level == "warning"]

    def of(self, check):
        return [f for f in self.findings if f.check == check]

    def names(self, code, level, pattern):
        """There is this finding, whose line fits; the exit status goes with the level."""
        [found] = [f for f in self.findings if f.code == code]
        assert found.level == level, found
        assert re.search(pattern, f"{found.check} {found.text}"), found
        if level == "problem":
            assert self.status == 1
        return self


def as_json(*configs, env=None):
    """(exit status, the JSON object)."""
    words = [word for config in configs for word in ("--config", config)]
    done = run("doctor", *words, "--output", "json", env=env, timeout=120)
    assert done.stderr == "" and done.stdout.count("\n") == 1
    return done.returncode, json.loads(done.stdout)
