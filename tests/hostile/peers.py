# SPDX-License-Identifier: Apache-2.0
"""usage: peers.py FOLDER

The hostile services of a test, in a process of their own: what they take of the processor is not
the test's, and one signal ends them all. FOLDER has the certificates, where any are needed.

Obeys lines on stdin and answers each with "done":

    hostile NAME PORT    the case NAME (cases.py) has this port from now on
    honest NAME PORT     what it was is gone, an honest server of its kind is there
    nobody NAME PORT     so is that
"""

import pathlib
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

from kinds import KINDS
from cases import CASES


class Peers:
    def __init__(self, folder):
        self.folder = folder
        self.servers = {}

    def leave(self, port):
        if port in self.servers:
            self.servers.pop(port).close()

    def hostile(self, name, port):
        self.leave(port)
        case = CASES[name]
        self.servers[port] = KINDS[case.kind].hostile(case, port, self.folder)

    def nobody(self, _, port):
        self.leave(port)

    def honest(self, name, port):
        self.leave(port)
        self.servers[port] = KINDS[CASES[name].kind].honest(port, self.folder)


def quietly(what):
    """That the agent hangs up on a hostile service is no news."""
    if not issubclass(what.exc_type, OSError):
        threading.__excepthook__(what)


def main():
    threading.excepthook = quietly
    peers = Peers(pathlib.Path(sys.argv[1]))
    print("ready", flush=True)
    for line in sys.stdin:
        verb, name, port = line.split()
        getattr(peers, verb)(name, int(port))
        print("done", flush=True)


if __name__ == "__main__":
    main()
