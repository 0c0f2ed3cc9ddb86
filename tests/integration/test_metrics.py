# SPDX-License-Identifier: Apache-2.0
"""/metrics of a real agent on a real etcd: each metric moves when that which it is about does."""

import signal

import pytest

from lib.descriptor import NAME, descriptor, key_of
from lib.metrics import Metrics, over, promtool, under
from lib.ports import free_port
from lib.reader import put, reader

WITHDRAWN = "svc_agent_deregistrations_total"
REQUESTS = "svc_agent_etcd_requests_total"


@pytest.fixture
def watched():
    """A section for a descriptor, and the metrics of the agent that gets it."""
    port = free_port()
    return {"admin": {"listen": f"127.0.0.1:{port}"}}, Metrics(port)


def test_all_is_told_and_prometheus_takes_it(agent, etcd, serve, write, tmp_path, watched):
    section, metrics = watched
    server = serve()
    place = tmp_path / "out" / 'a "strange" \\ place.json'
    place.parent.mkdir()
    agent(
        descriptor(etcd, server.port, **section),
        descriptor(etcd, free_port(), name="point-service"),
        reader(etcd, {NAME: f"'{place}'"}),
    )
    metrics.wait("svc_agent_instances", 1, service=NAME)
    metrics.wait("svc_agent_ready", 1)
    text = metrics.text()
    assert promtool(text) == ""
    told = metrics.all()
    assert {name for name, _ in told if name.startswith("svc_agent_")} == {name for name, _ in told}
    assert told["svc_agent_build_info", tuple({"version": "0.1.0"}.items())] == 1
    assert metrics.get("svc_agent_registered", service=NAME, host="localhost") == 1
    assert metrics.get("svc_agent_registered", service="point-service") == 0
    assert metrics.get("svc_agent_health", service=NAME, port=str(server.port)) == 1
    assert 0 < metrics.get("svc_agent_lease_seconds_left", service=NAME) <= 10
    assert metrics.get("svc_agent_lease_ttl_seconds", service=NAME) == 10
    assert metrics.get("svc_agent_probes_total", service="point-service", reason="REFUSED") > 0
    assert metrics.get("svc_agent_etcd_endpoint", endpoint=etcd.endpoint) == 1
    assert metrics.get("svc_agent_reader_begun", service=NAME) == 1
    assert metrics.get("svc_agent_output_failing") == 0
    assert '\\"strange\\" \\\\ place.json' in text
    # Each service has one ready before its first verdict.
    assert metrics.get(REQUESTS, method="LeaseGrant", code="OK") == 2
    assert metrics.get(REQUESTS, method="Txn", code="OK") >= 1
    assert {dict(labels)["code"] for name, labels in told if name == REQUESTS} == {"OK"}
    # A watch is counted when it ends, and has no duration.
    assert metrics.get(REQUESTS, method="Watch") == 0


def test_what_happens_to_a_service_is_seen(agent, etcd, serve, watched):
    section, metrics = watched
    server = serve()
    sidecar = agent(descriptor(etcd, server.port, **section))
    key = key_of(server.port)
    metrics.wait("svc_agent_registered", 1)
    assert metrics.get("svc_agent_registrations_total") == 1
    assert metrics.get(WITHDRAWN) == 0

    server.status("NOT_SERVING")
    metrics.wait("svc_agent_registered", 0)
    metrics.wait(WITHDRAWN, 1, reason="unhealthy")
    assert metrics.get("svc_agent_health") == 0
    assert metrics.get("svc_agent_at_goal") == 1
    assert metrics.get("svc_agent_lease_seconds_left") == 0
    assert metrics.get("svc_agent_probes_total", reason="NOT_SERVING") >= 1
    server.status("SERVING")
    metrics.wait("svc_agent_registered", 1)
    assert metrics.get("svc_agent_registrations_total") == 2

    assert metrics.ask("POST", "/drain")[0] == 200
    metrics.wait(WITHDRAWN, 1, reason="drained")
    assert metrics.get("svc_agent_registered") == 0
    assert metrics.get("svc_agent_drained") == 1
    assert metrics.get("svc_agent_health") == 1
    assert metrics.ask("POST", "/resume")[0] == 200
    metrics.wait("svc_agent_registered", 1)
    assert metrics.get("svc_agent_drained") == 0

    assert metrics.get("svc_agent_leases_lost_total") == 0
    etcd.revoke(etcd.get()[key][1])
    metrics.wait("svc_agent_leases_lost_total", 1)
    metrics.wait("svc_agent_registrations_total", 4)
    metrics.wait("svc_agent_registered", 1)
    assert metrics.get(WITHDRAWN) == 2  # a lost lease is no withdrawal of ours

    before = metrics.get("svc_agent_probe_duration_seconds_count")
    metrics.wait("svc_agent_probe_duration_seconds_count", over(before))
    sidecar.stop()


def test_a_key_that_another_has(agent, etcd, serve, watched):
    section, metrics = watched
    server = serve()
    agent(descriptor(etcd, server.port, register={"ttl": "5s"}, **section))
    metrics.wait("svc_agent_registered", 1)
    newer = agent(descriptor(etcd, server.port, register={"ttl": "5s"}))
    newer.wait_log("Service registered")
    metrics.wait("svc_agent_contested", 1)
    assert metrics.get("svc_agent_registered") == 0
    assert metrics.get("svc_agent_at_goal") == 0
    assert metrics.get("svc_agent_ready") == 0
    newer.stop()
    metrics.wait("svc_agent_contested", 0)
    metrics.wait("svc_agent_registered", 1)


def test_etcd_that_is_away(agent, etcd, serve, tmp_path, watched):
    section, metrics = watched
    server = serve()
    agent(
        descriptor(etcd, server.port, register={"ttl": "5s"}, **section),
        reader(etcd, {NAME: tmp_path / "coupon.json"}),
    )
    metrics.wait("svc_agent_instances", 1)
    metrics.wait("svc_agent_ready", 1)
    assert metrics.get("svc_agent_etcd_tries") == 0
    assert metrics.get(REQUESTS, code="refused") == 0

    etcd.stop()
    metrics.wait("svc_agent_etcd_tries", over(0))
    metrics.wait(REQUESTS, over(0), code="refused")
    metrics.wait("svc_agent_lease_seconds_left", 0)
    metrics.wait("svc_agent_reader_stale_seconds", over(1))
    assert metrics.get("svc_agent_instances") == 1
    assert metrics.get("svc_agent_health") == 1
    assert metrics.get("svc_agent_ready") == 0
    assert metrics.get(REQUESTS, method="Watch") >= 1
    away = metrics.counters()

    etcd.start()
    metrics.wait("svc_agent_etcd_tries", 0)
    metrics.wait("svc_agent_registered", 1)
    metrics.wait("svc_agent_lease_seconds_left", over(0))
    metrics.wait("svc_agent_reader_stale_seconds", 0)
    metrics.wait("svc_agent_ready", 1)
    back = metrics.counters()
    assert all(back[series] >= value for series, value in away.items())
    count = "svc_agent_etcd_request_duration_seconds_count", ()
    assert back[count] > away[count]


def test_an_output_that_cannot_be_written(agent, etcd, tmp_path, watched):
    section, metrics = watched
    place = tmp_path / "later" / "coupon.json"
    put(etcd, 1, 2)
    agent(reader(etcd, {NAME: place}, **section))
    metrics.wait("svc_agent_output_failing", 1, type="json", place=str(place))
    assert metrics.get("svc_agent_ready") == 0
    place.parent.mkdir()
    metrics.wait("svc_agent_output_failing", 0)
    assert metrics.get("svc_agent_instances", service=NAME) == 2
    assert metrics.get("svc_agent_reader_revision") > 1


def test_no_counter_falls_over_a_reload(agent, etcd, serve, tmp_path, watched):
    section, metrics = watched
    server, folder = serve(), tmp_path / "descriptors"
    folder.mkdir()
    stays, changes, goes = (folder / f"{name}.yaml" for name in ("a", "b", "c"))
    stays.write_text(descriptor(etcd, server.port, **section))
    changes.write_text(descriptor(etcd, server.port, name="point-service"))
    goes.write_text(descriptor(etcd, server.port, name="timesale-service"))
    sidecar = agent(configs=[folder])
    metrics.wait("svc_agent_registered", 3)
    metrics.wait("svc_agent_probes_total", over(2), service="point-service")
    before = metrics.counters()
    assert metrics.get("svc_agent_reloads_total") == 0

    changes.write_text(descriptor(etcd, server.port, name="point-service", probe={"interval": "2s"}))
    goes.unlink()
    sidecar.signal(signal.SIGHUP)
    metrics.wait("svc_agent_reloads_total", 1, result="ok")
    metrics.wait(WITHDRAWN, 1, reason="reloaded", timeout=60)
    metrics.wait("svc_agent_registered", 0, service="timesale-service")
    metrics.wait("svc_agent_registered", 2)
    after = metrics.counters()
    kept = {s: n for s, n in before.items() if ("service", "timesale-service") not in s[1]}
    assert all(after[series] >= n for series, n in kept.items())

    changes.write_text("service: [")
    sidecar.signal(signal.SIGHUP)
    metrics.wait("svc_agent_reloads_total", 1, result="failed")
    assert metrics.get("svc_agent_reloads_total", result="ok") == 1
    last = metrics.counters()
    assert all(last[series] >= n for series, n in after.items())
    assert promtool(metrics.text()) == ""
    assert metrics.get("svc_agent_uptime_seconds") > 0
    assert under(600)(metrics.get("svc_agent_health_seconds", service=NAME))
