# SPDX-License-Identifier: Apache-2.0
"""A name server that does what a test wants, and an agent that asks it alone."""

from lib.agent import Agent
from lib.dns import NameServer
from lib.names import UNSHARE

BIND = (
    'mount --bind "$0/resolv.conf" /etc/resolv.conf;'
    ' mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf; exec "$@"'
)
SERVFAIL = 2


class Resolver(NameServer):
    """`mode` is "answer", "silent" or "servfail"; closed, nobody listens until open()."""

    mode = "answer"

    def answer(self, request):
        if self.mode == "silent":
            return None
        answer = super().answer(request)
        if self.mode == "servfail":
            return answer[:3] + bytes([answer[3] & 0xF0 | SERVFAIL]) + answer[4:]
        return answer


class ResolvingAgent(Agent):
    """Its files for names are in `folder`; one that is None is empty, as good as missing."""

    def __init__(self, folder, configs, resolv, nsswitch="hosts: files dns\n"):
        self.folder = folder
        (folder / "resolv.conf").write_text(resolv or "")
        (folder / "nsswitch.conf").write_text(nsswitch or "")
        super().__init__(configs)

    def start(self):
        self.argv = [*UNSHARE, "sh", "-c", BIND, str(self.folder), *self.argv]
        super().start()
