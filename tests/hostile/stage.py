# SPDX-License-Identifier: Apache-2.0
"""One agent with hostile services and a good one, and all that has to hold for them."""

import pathlib
import subprocess
import sys

import secured
from cases import CASES
from kinds import KINDS
from services import UP, Later
from lib.descriptor import descriptor, key_of
from lib.lines import Lines
from lib.ports import free_port
from lib.process import Process

HERE = pathlib.Path(__file__).resolve().parent

# Who is to be late is so soon; who may be late is called anew for so long; who is to be anything else must
# not be taken for late, and who is to be well at first must not be late with that.
PROBE = {"interval": "200ms", "timeout": "1s", "failure_threshold": "2"}
LATE, LATE_LATER, CALM = "200ms", "2s", "30s"
PATIENCE = 120  # seconds, for what takes one on an idle machine


class Peers(Process):
    """peers.py, steered."""

    def __init__(self, folder):
        self.folder = folder

    def start(self):
        argv = [sys.executable, "-B", HERE / "peers.py", self.folder]
        self.spawn(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = Lines(self.child.stdout, "peers.py")
        self.said.wait("^ready$", timeout=PATIENCE)
        return self

    def tell(self, verb, name, port):
        said = len(self.said.lines)
        self.child.stdin.write(f"{verb} {name} {port}\n")
        self.child.stdin.flush()
        self.said.wait("^done$", timeout=PATIENCE, since=said)


def wait_down(agent, service, reasons, since=0):
    """It has found one of these reasons, and the service is down from the start.

    One of two failures may be another one's: that this machine was late is no fault of the agent.
    """
    agent.wait_log(
        rf"(health unknown -> down|probe failed) service={service} reason=({reasons})( |$)",
        PATIENCE, since,
    )  # fmt: skip
    agent.wait_log(rf"health unknown -> down service={service} ", PATIENCE, since)


def prepare(hostile, folder):
    """Makes the certificates that these hostile services show, if any."""
    if any("tls" in each.case.probe for each in hostile):
        secured.make(folder)


class Hostile:
    """One hostile service of the stage."""

    def __init__(self, name):
        self.name, self.case = name, CASES[name]
        self.service = name.replace("_", "-")
        self.port = free_port()
        self.key = key_of(self.port, self.service)

    def descriptor(self, etcd, folder, calm=False):
        outcome, keys = self.case.outcome, dict(PROBE)
        if calm or outcome is UP:
            keys["timeout"] = CALM
        elif isinstance(outcome, Later):
            keys["timeout"] = LATE_LATER
        elif "DEADLINE" not in outcome:
            keys["timeout"] = CALM
        elif outcome == "DEADLINE":
            keys["timeout"] = LATE
        if calm and self.case.kind == "exec":
            keys["interval"] = "60s"  # who starts a child waits until that has a processor
        keys.update(KINDS[self.case.kind].probe)
        keys.update(self.case.probe)
        for key, value in keys.items():
            keys[key] = value.replace("FOLDER", str(folder)).replace("PORT", str(self.port))
        return descriptor(etcd, self.port, self.service, probe=keys)
