# SPDX-License-Identifier: Apache-2.0
"""Every descriptor in tests/descriptors/bad is refused, for each of the reasons on its top.

    # expect: LINE:COLUMN: text     one line for each problem that must be named;
                                    without a place when it is not in the file
    # env: NAME=value               set for the agent
"""

import pathlib
import re

import pytest

from lib.agent import run
from lib.h2 import SocketServer

BAD = pathlib.Path(__file__).parents[1] / "descriptors" / "bad"
FILES = sorted(BAD.glob("*.yaml"))


def heading(path, word):
    """What the comment lines on top of the file say after `# word:`."""
    found = []
    for line in path.read_text(errors="replace").splitlines():
        if not line.startswith("#"):
            break
        match = re.match(rf"# {word}: (.*)", line)
        if match:
            found.append(match.group(1))
    return found


def test_there_are_forty_kinds():
    assert len(FILES) >= 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("words", [["check"], []], ids=["check", "run"])
def test_bad_descriptor_is_refused(path, words, closing):
    expected = heading(path, "expect")
    assert expected, f"{path.name} does not say what to expect"
    etcd = closing(SocketServer(lambda sock: sock.close()))
    env = {"ETCD_HOSTS": f"127.0.0.1:{etcd.port}"}
    env.update(pair.split("=", 1) for pair in heading(path, "env"))
    done = run(*words, "--config", path, env=env)
    assert done.returncode == 78
    assert done.stdout == ""
    for line in expected:
        placed = line[:1].isdigit()
        assert f"{path}:{line}" in done.stderr if placed else f"{path}: {line}" in done.stderr
    assert etcd.accepted == 0
