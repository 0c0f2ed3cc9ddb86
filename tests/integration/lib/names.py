# SPDX-License-Identifier: Apache-2.0
"""An agent with a /etc/hosts of its own, in a mount namespace of its own."""

import functools
import os
import subprocess

import pytest

from lib.agent import Agent

# The file is bound, not its name: it must be written in place, never replaced.
# Whoever is not root is root in a user namespace of its own.
UNSHARE = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() != 0 else [])]
BIND = 'mount --bind "$0" /etc/hosts && exec "$@"'


@functools.cache
def refusal():
    """What a mount in a namespace of one's own meets here; empty where it is allowed."""
    tried = subprocess.run(
        [*UNSHARE, "sh", "-c", "mount --bind /etc/hosts /etc/hosts"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if tried.returncode == 0 else tried.stderr.strip() or f"status {tried.returncode}"


def need_mounts():
    """Skips a test that gives the agent files of its own where none can be had."""
    if refusal():
        pytest.skip(
            f"no mount namespace of one's own is to be had here ({refusal()}): run this as root,"
            " or where a user may have one"
        )


class Names:
    """The names that one agent knows; a test may change them at any time."""

    def __init__(self, path):
        self.path = path
        self.known = {}
        self.path.touch()

    def set(self, name, *addresses):
        """`addresses` in the order that the file has them; none forgets the name."""
        self.known[name] = addresses
        lines = [f"{address} {name}\n" for name, found in self.known.items() for address in found]
        self.path.write_text("".join(lines))


class NamingAgent(Agent):
    """An agent that looks names up in the given Names alone."""

    def __init__(self, names, configs):
        self.names = names
        super().__init__(configs)

    def start(self):
        if self.argv[0] != "unshare":
            self.argv = [*UNSHARE, "sh", "-c", BIND, str(self.names.path), *self.argv]
        super().start()
