# SPDX-License-Identifier: Apache-2.0
"""Builds what a bench needs, unless SVC_AGENT and SVC_PEERS name it, and finds the test library.

SVC_PEERS is the folder that `integration-peers` builds: the Go client and npm's packages are there.
"""

import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent.parent
INTEGRATION = HERE.parent / "integration"
RELEASE = TREE / "build" / "bench-release"
COUNTED = TREE / "build" / "bench-counted"
PEERS = TREE / "build" / "bench-peers"


def _run(*words, **options):
    subprocess.run(words, stdout=sys.stderr, check=True, **options)


def _build_agent(build=RELEASE, *settings):
    """As the preset `release` builds it."""
    release = ["-DCMAKE_BUILD_TYPE=Release", "-DSVC_TESTS=OFF", *settings]
    _run("cmake", "-S", TREE, "-B", build, *release)
    _run("cmake", "--build", build, "--target", "svc-agent", "-j2")
    return build / "svc-agent"


def _build_go_server():
    PEERS.mkdir(parents=True, exist_ok=True)
    source = INTEGRATION / "servers" / "go" / "main.go"
    _run("go", "build", "-o", PEERS / "go-server", source, env=_go())
    return PEERS


def _go():
    return {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": ""}


def _build_peers():
    node = PEERS / "node"
    node.mkdir(parents=True, exist_ok=True)
    _run("go", "build", "-o", PEERS / "etcd-client", HERE / "client" / "main.go", env=_go())
    servers = INTEGRATION / "servers" / "node"
    _run("cp", servers / "package.json", servers / "package-lock.json", node)
    _run("cp", HERE / "client" / "watch.js", node)
    if not (node / "node_modules" / "etcd3").exists():
        quiet = ["--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]
        _run("npm", "ci", *quiet, cwd=node)
    return PEERS


def prepare():
    if "SVC_AGENT" not in os.environ:
        os.environ["SVC_AGENT"] = str(_build_agent())
    if "SVC_PEERS" not in os.environ:
        os.environ["SVC_PEERS"] = str(_build_peers())
    sys.path.insert(0, str(INTEGRATION))


def prepare_counted():
    """For counts of instructions: the same release, with the names of its functions and lines."""
    if "SVC_AGENT" not in os.environ:
        os.environ["SVC_AGENT"] = str(_build_agent(COUNTED, "-DCMAKE_C_FLAGS=-g"))
    if "SVC_PEERS" not in os.environ:
        os.environ["SVC_PEERS"] = str(_build_go_server())
    sys.path.insert(0, str(INTEGRATION))


def agent_name():
    return os.path.basename(os.environ["SVC_AGENT"])
