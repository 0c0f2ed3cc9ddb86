# SPDX-License-Identifier: Apache-2.0
"""The output exec: a program runs for each settled change, and can do no harm to the rest."""

import json
import os

from lib.outputs import let_settle, reader_to, register, register_together, until, words

ONE_LINE = 'cat >> "$0"'  # the document has a line end


def documents(file):
    """All of which the last line is there to its end."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def command(script, *more):
    return {"type": "exec", "command": words("/bin/sh", "-c", script, *more)}


def test_a_run_for_each_settled_change(agent, etcd, tmp_path):
    file, env = tmp_path / "runs", tmp_path / "env"
    follower = agent(
        reader_to(etcd, command(f'env > {env}; {ONE_LINE}', file), settle="300ms"),
        env={"ETCD_PASSWORD": "secret"},
    )
    until(lambda: len(documents(file)) == 1)
    let_settle(file, 0.4)
    register_together(etcd, *({"port": port} for port in range(50051, 50061)))
    until(lambda: len(documents(file)) == 2)
    document = documents(file)[1]
    assert [instance["port"] for instance in document["instances"]] == list(range(50051, 50061))
    assert document["service"] == "coupon-service" and not document["stale"]

    etcd.put("/elsewhere", "")  # a new revision is no change
    register(etcd, 50061)
    until(lambda: len(documents(file)) == 3)
    assert len(documents(file)[2]["instances"]) == 11
    follower.stop()
    assert len(documents(file)) == 3

    variables = dict(line.split("=", 1) for line in env.read_text().splitlines())
    assert variables["SVC_AGENT_SERVICE"] == "coupon-service"
    assert variables["PATH"] == os.environ["PATH"]
    allowed = {"PATH", "HOME", "LANG", "TZ", "SVC_AGENT_SERVICE", "PWD", "SHLVL", "_", "OLDPWD"}
    assert set(variables) <= allowed


def test_one_that_fails_or_hangs_stops_no_other(agent, etcd, tmp_path):
    good, mended, tries = tmp_path / "good", tmp_path / "mended", tmp_path / "tries"
    fails = command(f"echo try >> {tries}; echo broken >&2; [ -e {mended} ]")
    hangs = {**command("echo waiting >&2; sleep 1000"), "timeout": "3s"}
    absent = {"type": "exec", "command": words("/absent/program")}
    register(etcd, 50051)
    follower = agent(reader_to(etcd, fails, hangs, absent, command(ONE_LINE, good)))
    until(lambda: len(documents(good)) == 1)
    follower.wait_log("fails and is tried again: it exited with 1: broken")
    follower.wait_log("fails and is tried again: it did not end within 3 s .*: waiting")
    follower.wait_log("/absent/program cannot be run: No such file or directory")
    register(etcd, 50052)
    until(lambda: len(documents(good)) == 2)
    until(lambda: len(tries.read_text().splitlines()) >= 3)
    mended.touch()
    follower.wait_log("output works again .*/bin/sh", timeout=90)
    assert follower.log.count("exited with 1") == 1
    assert follower.log.count("did not end within") == 1
    assert follower.log.count("cannot be run") == 1
