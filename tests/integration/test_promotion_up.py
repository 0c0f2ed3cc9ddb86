# SPDX-License-Identifier: Apache-2.0
"""`contrib/promotion/up` and `down`, as a person runs them."""

import json
import os
import pathlib
import subprocess
import time
import urllib.request

import pytest

import lib.agent
from lib.ports import free_port, listen
from lib.promotion import BUILT, POLICY

SCRIPTS = pathlib.Path(__file__).parents[2] / "contrib" / "promotion"
PORTS = ("ETCD", "ETCD_PEER", "GATEWAY", "COUPON", "POINT", "TIMESALE")


class Scripts:
    def __init__(self, folder):
        self.folder = folder
        self.ports = {name: free_port() for name in PORTS}

    def run(self, script, *words):
        env = lib.agent.environment({"PROMOTION_DIR": str(self.folder)})
        env |= {f"{name}_PORT": str(port) for name, port in self.ports.items()}
        if script == "up":
            words = ("--agent", lib.agent.BINARY, "--built", str(BUILT), *words)
        argv = [str(SCRIPTS / script), *words]
        done = subprocess.run(
            argv, env=env, capture_output=True, text=True, timeout=900, check=False
        )
        print(f"{argv} -> {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def up(self, *words):
        done = self.run("up", *words)
        assert done.returncode == 0
        return done.stdout

    def down(self, *words):
        done = self.run("down", *words)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def pids(self):
        return {path.stem: int(path.read_text().split()[0]) for path in self.folder.glob("*.pid")}

    def log(self, name):
        return (self.folder / "log" / f"{name}.log").read_text()

    def wait_log(self, name, words, since):
        """Waits for words in what is logged after the first `since` characters."""
        deadline = time.monotonic() + 120
        while words not in self.log(name)[since:]:
            assert time.monotonic() < deadline, f"{name} never wrote: {words}"
            time.sleep(0.02)

    def post(self, path, body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['GATEWAY']}{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        local = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with local.open(request, timeout=60) as answer:
            return json.load(answer)


@pytest.fixture
def scripts(tmp_path):
    made = Scripts(tmp_path / "promotion")
    yield made
    made.run("down")


def runs(pid):
    """Whether there is such a process; one that only waits to be noticed has ended."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    "discovery, order",
    [("sidecar", "gateway sidecars services etcd"), ("etcd3", "services gateway etcd sidecars")],
)
def test_up_and_down(scripts, discovery, order):
    said = scripts.up("--discovery", discovery, "--order", order)
    assert [line for line in said.splitlines() if line.startswith("Starting: ")] == [
        f"Starting: {kind}" for kind in order.split()
    ]
    assert scripts.post("/coupon-policies", POLICY)["title"] == POLICY["title"]
    before = scripts.pids()
    assert ("gateway-sidecar" in before) == (discovery == "sidecar")

    # One part goes and comes; the others stay as they are.
    since = len(scripts.log("gateway"))
    assert scripts.down("coupon-service").startswith("  ended coupon-service (pid ")
    assert "coupon-service" not in scripts.pids()
    scripts.wait_log("gateway", "coupon-service instances changed: 0", since)
    said = scripts.up("--discovery", discovery)
    after = scripts.pids()
    assert {name for name in after if after[name] != before[name]} == {"coupon-service"}
    assert f"gateway runs already (pid {before['gateway']})" in said
    assert scripts.post("/coupon-policies", POLICY)["title"] == POLICY["title"]

    assert scripts.down().count("  ended ") == len(after)
    assert [name for name, pid in after.items() if runs(pid)] == []
    assert scripts.down() == "  nothing was running\n"


def test_a_port_that_is_taken(scripts):
    with listen(scripts.ports["POINT"]):
        done = scripts.run("up")
    assert done.returncode == 1
    # As the kernel calls this process, which may have been renamed.
    name = pathlib.Path("/proc/self/comm").read_text().strip()
    wanted = f"port {scripts.ports['POINT']} is taken by {name} (pid {os.getpid()})"
    assert f"up: {wanted}; end that, or name another port: POINT_PORT=..." in done.stderr
    assert scripts.pids() == {}


def test_a_part_that_cannot_run(scripts):
    """It is said which, with what it said last, and nothing is left running."""
    scripts.folder.mkdir()
    done = scripts.run("up", "--agent", "/bin/false")
    assert done.returncode == 1
    assert "ended as soon as it was started: " in done.stderr
    assert "coupon-service-sidecar" in done.stderr
    assert scripts.pids() == {}


@pytest.mark.parametrize(
    "words", [("--order", "etcd services"), ("--discovery", "dns"), ("--order",), ("--what",)]
)
def test_what_it_does_not_understand(scripts, words):
    assert scripts.run("up", *words).returncode == 2
    assert not scripts.folder.exists()


@pytest.mark.parametrize("script", ["up", "down"])
def test_help(scripts, script):
    done = scripts.run(script, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: contrib/promotion/{script} ")
    assert "shellcheck" not in done.stdout


def test_a_number_that_another_process_has_now(scripts):
    """After a restart of the machine a noted process id may be anybody's."""
    scripts.folder.mkdir()
    with subprocess.Popen(["sleep", "3600"]) as other:
        (scripts.folder / "gateway.pid").write_text(f"{other.pid} 1\n")
        assert scripts.down() == "  nothing was running\n"
        assert other.poll() is None
        other.kill()
