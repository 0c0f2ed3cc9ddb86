# SPDX-License-Identifier: Apache-2.0
"""An agent with a /etc/hosts of its own, in a mount namespace of its own."""

from lib.agent import Agent
from lib.needs import AS_ROOT, need

# The file is bound, not its name: it must be written in place, never replaced.
# Whoever is not root is root in a user namespace of its own.
UNSHARE = ["unshare", "--mount", *AS_ROOT]
# Nor is a name server asked for what is not in it: one may take long to say that it knows nothing.
BIND = (
    'mount --bind "$0" /etc/hosts'
    ' && { [ ! -e /etc/resolv.conf ] || mount --bind /dev/null /etc/resolv.conf; }'
    ' && exec "$@"'
)
LENGTH = 4096


def need_mounts():
    """Skips a test that gives the agent files of its own where none can be had."""
    what = "no mount namespace of one's own, as root has it, or a user who may, is to be had"
    need(what, *UNSHARE, "sh", "-c", "mount --bind /etc/hosts /etc/hosts")


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
        # In one step, of one length: whoever reads it meanwhile finds no half of it.
        with open(self.path, "r+b", buffering=0) as file:
            file.write("".join(lines).encode().ljust(LENGTH, b"\n"))


class NamingAgent(Agent):
    """An agent that looks names up in the given Names alone."""

    def __init__(self, names, configs):
        self.names = names
        super().__init__(configs)

    def start(self):
        if self.argv[0] != "unshare":
            self.argv = [*UNSHARE, "sh", "-c", BIND, str(self.names.path), *self.argv]
        super().start()
