# SPDX-License-Identifier: Apache-2.0
"""Finds the library of the integration tests, and builds what a run needs.

Imported first by every program of this folder: the library reads SVC_AGENT and SVC_PEERS from
the environment when it is imported.
"""

import os
import pathlib
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent.parent
INTEGRATION = HERE.parent / "integration"
RELEASE = TREE / "build" / "chaos-release"
PEERS = TREE / "build" / "chaos-peers"


def _say(text):
    print(text, file=sys.stderr, flush=True)


def _build_agent():
    """A release build without the tests; what memory and speed are judged on."""
    _say(f"building {RELEASE}")
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DSVC_TESTS=OFF"]
    quiet = {"stdout": subprocess.DEVNULL, "check": True}
    subprocess.run(["cmake", "-S", TREE, "-B", RELEASE, *options], **quiet)
    subprocess.run(["cmake", "--build", RELEASE, "--target", "svc-agent", "-j2"], **quiet)
    return RELEASE / "svc-agent"


def _build_server():
    source = INTEGRATION / "servers" / "go" / "main.go"
    program = PEERS / "go-server"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        _say(f"building {program}")
        PEERS.mkdir(parents=True, exist_ok=True)
        go = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": ""}
        subprocess.run(["go", "build", "-o", program, source], env=go, check=True)
    return PEERS


def prepare():
    """Builds unless SVC_AGENT and SVC_PEERS say that it is done; then the library can be used."""
    if "SVC_AGENT" not in os.environ:
        os.environ["SVC_AGENT"] = str(_build_agent())
    if "SVC_PEERS" not in os.environ:
        os.environ["SVC_PEERS"] = str(_build_server())
    reach_library()


ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _end(number, _frame):
    """The first signal ends the run; one more must not keep it from cleaning up."""
    for each in ENDS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt(f"signal {number}")


def clean_up_on_signals():
    for each in ENDS:
        signal.signal(each, _end)


def reach_library():
    if str(INTEGRATION) not in sys.path:
        sys.path.insert(0, str(INTEGRATION))
