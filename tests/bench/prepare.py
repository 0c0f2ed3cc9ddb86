# SPDX-License-Identifier: Apache-2.0
"""Builds what a bench needs, unless SVC_AGENT and SVC_PEERS name it, and finds the test library.

SVC_PEERS is the folder that `integration-peers` builds: the programs in Go and npm's packages are
there. SVC_AGENT_STATIC names a static build of the agent, where there is one.
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

GO_PROGRAMS = {
    "etcd-client": HERE / "client",
    "bench-runner": HERE / "runner",
    "bench-go": HERE / "peers" / "go",
    "bench-probe": HERE / "peers" / "probe",
}
NODE_FILES = [
    HERE / "client" / "watch.js", HERE / "peers" / "node" / "sidecar.js",
    HERE / "peers" / "node" / "health.proto",
]  # fmt: skip


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
    for name, source in GO_PROGRAMS.items():
        _run("go", "build", "-ldflags=-s -w", "-o", PEERS / name, ".", cwd=source, env=_go())
    servers = INTEGRATION / "servers" / "node"
    _run("cp", servers / "package.json", servers / "package-lock.json", *NODE_FILES, node)
    if not (node / "node_modules" / "etcd3").exists():
        quiet = ["--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]
        _run("npm", "ci", *quiet, cwd=node)
    return PEERS


def packages():
    """Installs the Debian packages that are missing."""
    _run(TREE / "contrib" / "install-packages", "build", "bench")


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
