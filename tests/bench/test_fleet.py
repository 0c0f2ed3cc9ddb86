# SPDX-License-Identifier: Apache-2.0
"""The figures of a fleet, from samples made up; a small fleet; and one that loses an agent."""

import os
import pathlib
import subprocess
from collections import namedtuple

from fleet_figures import Row, added, between, burst, cost_rows, counters, first_of_each
from fleet_figures import memory_rows, read_tsv, rest_rows, settled, spread_rows, tsv
from fleet_stage import places

HERE = pathlib.Path(__file__).resolve().parent
Event = namedtuple("Event", "kind key at")

PAGE = """# HELP etcd_disk_wal_fsync_duration_seconds The latency distributions of fsync called by WAL.
etcd_disk_wal_fsync_duration_seconds_bucket{le="0.001"} 7
etcd_disk_wal_fsync_duration_seconds_sum 0.25
etcd_disk_wal_fsync_duration_seconds_count 14
grpc_server_started_total{grpc_method="Txn",grpc_service="etcdserverpb.KV",grpc_type="unary"} 3
grpc_server_started_total{grpc_method="Range",grpc_service="etcdserverpb.KV",grpc_type="unary"} 2
etcd_network_client_grpc_received_bytes_total 1.5e+03
"""


def values(rows):
    return {row.figure: row.value for row in rows}


def test_what_etcd_counts():
    found = counters(PAGE)
    assert (found["fsyncs"], found["fsync seconds"], found["bytes in"]) == (14, 0.25, 1500)
    assert (found["calls"], found["reads"], found["renewals"]) == (5, 2, 0)
    both = added([found, found])
    assert both["fsyncs"] == 28
    assert between(found, both) == found


def proposals(applied, committed):
    return f"etcd_server_proposals_applied_total {applied}\netcd_server_proposals_committed_total {committed}\n"


def test_what_watchers_know_of_may_not_be_counted_yet():
    assert settled(proposals(7, 7), proposals(7, 7))
    assert not settled(proposals(7, 8), proposals(7, 8))
    assert not settled(proposals(7, 7), proposals(8, 8))


def test_the_first_event_of_each_key_counts():
    events = [Event("put", "a", 1), Event("delete", "a", 2), Event("put", "a", 3), Event("put", "b", 4)]
    assert first_of_each(events, "put") == {"a": 1, "b": 4}
    assert first_of_each(events[1:], "put") == {"a": 3, "b": 4}


def test_how_a_change_spreads():
    assert burst([0.01, 0.02, 0.09, 0.11]) == 3
    rows = values(spread_rows("flip", [0.3, 0.1, 0.2]))
    assert (rows["first"], rows["half"], rows["last"]) == (100, 200, 300)
    assert spread_rows("flip", []) == []


def test_costs_are_for_each_agent():
    spent = {"etcd": 0.5, "proposals": 300, "fsyncs": 30, "calls": 200, "fsync seconds": 0.06}
    rows = values(cost_rows("flip", spent, 100))
    assert rows["CPU of etcd an agent"] == 5
    assert rows["proposals of raft an agent"] == 3
    assert rows["proposals a fsync"] == 10
    assert rows["mean of a fsync"] == 2


def test_rest_counts_what_agents_add_to_an_idle_etcd():
    nothing = dict.fromkeys(["renewals", "calls", "reads", "fsyncs", "proposals", "bytes in", "bytes out"], 0)
    idle = {**nothing, "etcd": 0.03, "leader": 0.03, "agents": 0, "seconds": 3}
    spent = {**nothing, "etcd": 0.5, "leader": 0.5, "agents": 0.1, "seconds": 10, "renewals": 300, "calls": 300}
    rows = values(rest_rows(spent, idle, 100, 10))
    assert round(rows["CPU of etcd"], 6) == 4
    assert round(rows["CPU of etcd an agent"], 3) == 400
    assert rows["renewals an agent and TTL"] == 3
    assert round(rows["CPU of etcd a renewal"], 3) == 1333.333
    assert round(rows["CPU an agent"], 6) == 0.36


def test_memory_of_etcd_is_what_the_agents_have_added():
    rows = values(memory_rows([(4096, 1024, 512, 1), (4096, 1024, 512, 1)], 1000, 1500))
    assert (rows["RSS an agent"], rows["PSS of all agents"], rows["RSS of etcd an agent"]) == (4, 2, 250)


def test_figures_are_read_as_they_were_written():
    assert read_tsv(tsv([Row("rest", "CPU of etcd", 1.25, "%")])) == {("rest", "CPU of etcd"): 1.25}


def test_each_service_has_a_place_of_its_own():
    every, listen = places(250, 7)
    assert len(set(every)) == 250
    assert every[0] == ("127.0.7.1", 30000)
    assert every[-1] == ("127.0.7.3", 30049)
    assert listen == "127.0.7.1-3:30000-30099"
    assert places(20, 7)[1] == "127.0.7.1-1:30000-30019"


def fleet(*words, **environment):
    argv = [HERE / "fleet", "--ttl", "6", "--rest", "3", "--minutes", "6", *words]
    return subprocess.run(
        argv, env={**os.environ, **environment}, capture_output=True, text=True, timeout=400, check=False
    )


def test_a_small_fleet_loses_nobody(tmp_path):
    phases = "rest,flip,restart,kill,cut"
    path = tmp_path / "fleet.tsv"
    done = fleet("--agents", "20", "--outages", "0", "--phases", phases, "--tsv", path)
    assert done.returncode == 0, done.stdout + done.stderr
    found = read_tsv(path.read_text())
    assert found["rest", "renewals an agent and TTL"] > 0
    assert found["start: listed", "proposals of raft an agent"] == 2
    assert found["flip: gone", "proposals of raft an agent"] == 1
    assert found["restart after 0 s", "keys kept"] == 20
    assert found["cut: listed again", "last"] > found["cut: listed again", "first"]
    for phase, figure in found:
        assert f"**{phase}**" in done.stdout and f"| {figure} |" in done.stdout


def test_an_agent_that_is_lost_is_told_of(tmp_path):
    agent = tmp_path / "agent"
    agent.write_text(
        f'#!/bin/sh\ncase "$2" in */3.yaml) exec timeout -s KILL 2 {os.environ["SVC_AGENT"]} "$@";; esac\n'
        f'exec {os.environ["SVC_AGENT"]} "$@"\n'
    )
    agent.chmod(0o755)
    done = fleet("--agents", "5", "--rest", "2", "--phases", "rest", SVC_AGENT=str(agent))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "WRONG agent 3 has ended" in done.stdout
