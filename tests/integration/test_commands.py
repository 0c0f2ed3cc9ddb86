# SPDX-License-Identifier: Apache-2.0
"""The command line: what is printed where, and the exit codes."""

import json
import pathlib
import re
import subprocess

import pytest

from lib.agent import BINARY, environment, run
from lib.descriptor import descriptor, key_of
from lib.h2 import SocketServer
from lib.ports import free_port

USAGE, BAD_DESCRIPTOR = 2, 78
CONF = pathlib.Path(__file__).parents[2] / "conf"
NOWHERE = "[127.0.0.1:1]"
PATIENT = {"timeout": "10s", "interval": "10s"}  # of a probe that is made once


def keys_of(printed):
    """The lines but for the comment that names the file."""
    return [line for line in printed.splitlines() if not line.startswith("#")]


def test_help_and_version_go_to_stdout():
    shown = run("--help")
    assert shown.returncode == 0
    assert shown.stderr == ""
    for word in ("--config", "--version", "check", "probe"):
        assert word in shown.stdout
    version = run("--version")
    assert version.returncode == 0
    assert re.fullmatch(r"svc-agent \d+\.\d+\.\d+\n", version.stdout)
    assert version.stderr == ""


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--no-such-option"],
        ["--config"],
        ["no-such-command"],
        ["check"],
        ["probe"],
        ["check", "--config", "a.yaml", "more"],
        ["--config", "a.yaml", "--no-such-option"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_said_on_stderr(words):
    done = run(*words)
    assert done.returncode == USAGE
    assert done.stdout == ""
    assert "svc-agent" in done.stderr


def test_a_file_that_is_not_there(tmp_path):
    missing = tmp_path / "missing.yaml"
    for words in (["check"], ["probe"], []):
        done = run(*words, "--config", missing)
        assert done.returncode == BAD_DESCRIPTOR
        assert str(missing) in done.stderr
        assert "No such file" in done.stderr


def test_check_prints_the_effective_descriptor(write):
    done = run("check", "--config", write(descriptor(NOWHERE, 50051)))
    assert done.returncode == 0
    assert done.stderr == ""
    for default in ("ttl: 10s", "interval: 1s", "failure_threshold: 3", "prefix: /services"):
        assert default in done.stdout


def test_what_check_prints_is_a_descriptor_of_the_same_meaning(write):
    metadata = '{version: 1.0.0, ratio: 1.10, on: true, zone: "7"}'
    text = descriptor("[a:1, b:2]", 50051, service={"metadata": metadata})
    once = run("check", "--config", write(text))
    twice = run("check", "--config", write(once.stdout))
    assert once.returncode == twice.returncode == 0
    assert keys_of(once.stdout) == keys_of(twice.stdout)
    assert len(keys_of(once.stdout)) > 20


READER = """discover:
  services:
    - name: coupon-service
      outputs:
        - {type: json, path: /tmp/coupon-service.json}
        - {type: exec, command: [/bin/echo, "$${x}", -n]}
"""


def test_an_answer_that_cannot_be_written_is_none(write):
    path = write(descriptor("[etcd:2379]", 1))
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([BINARY, "check", "--config", path], env=environment(), stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 70
    assert done.stderr == "svc-agent: what there is to say cannot all be written: standard output fails\n"


def test_check_takes_both_kinds(write):
    once = run("check", "--config", write(descriptor(NOWHERE, 50051)), "--config", write(READER))
    assert once.returncode == 0
    assert once.stderr == ""
    service, reader = once.stdout.split("---\n")
    assert "discover:" not in service
    assert "service:\n" not in reader and "type: json\n" in reader
    again = run("check", "--config", write(reader))
    assert keys_of(again.stdout) == keys_of(reader)


def test_two_readers_of_one_file_are_refused(write):
    first, second = write(READER), write(READER)
    done = run("check", "--config", first, "--config", second)
    assert done.returncode == BAD_DESCRIPTOR
    assert f"{second}: writes the file /tmp/coupon-service.json, which {first} writes" in done.stderr


def test_probe_passes_readers_over(serve, write):
    server = serve()
    reader = write(READER)
    done = run("probe", "--config", reader, "--config", write(descriptor(NOWHERE, server.port, probe=PATIENT)))
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    done = run("probe", "--config", reader)
    assert done.returncode == USAGE
    assert done.stdout == ""
    assert "nothing to probe" in done.stderr


def test_check_asks_nobody(write, closing):
    asked = closing(SocketServer(lambda sock: sock.close()))
    text = descriptor(f"[127.0.0.1:{asked.port}]", asked.port)
    assert run("check", "--config", write(text)).returncode == 0
    assert asked.accepted == 0


@pytest.mark.parametrize("status,code", [("SERVING", 0), ("NOT_SERVING", 1)])
def test_probe_says_the_status(status, code, serve, write):
    server = serve(statuses={"": status})
    done = run("probe", "--config", write(descriptor(NOWHERE, server.port, probe=PATIENT)))
    assert done.returncode == code
    assert re.search(rf"\b{status}\b.*\d(\.\d+)?(ms|s)\b", done.stdout)
    assert done.stdout.count("\n") == 1


def test_probe_of_a_port_where_nothing_listens(write):
    port = free_port()
    text = descriptor(NOWHERE, port, probe={**PATIENT, "target": f"127.0.0.1:{port}"})
    done = run("probe", "--config", write(text))
    assert done.returncode == 1
    assert "REFUSED" in done.stdout
    assert f"nothing listens on 127.0.0.1:{port}" in done.stdout


def test_probe_of_a_server_without_a_health_service(serve, write):
    server = serve(health="none")
    passing = run("probe", "--config", write(descriptor(NOWHERE, server.port, probe=PATIENT)))
    assert passing.returncode == 0
    assert "UNIMPLEMENTED" in passing.stdout
    text = descriptor(NOWHERE, server.port, probe={**PATIENT, "unimplemented": "fail"})
    assert run("probe", "--config", write(text)).returncode == 1


def test_log_in_json_is_an_object_a_line(serve, agent, etcd):
    server = serve()
    watch, key = etcd.watch(), key_of(server.port)
    sidecar = agent(descriptor(etcd, server.port, log={"format": "json"}))
    watch.put(key)
    server.kill()
    watch.gone(key)
    sidecar.stop()
    said = [json.loads(line) for line in sidecar.log.lines]
    for line in said:
        assert list(line)[:3] == ["time", "level", "msg"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        assert line["level"] in ("info", "warn")
    by_msg = {line["msg"]: line for line in said}
    assert by_msg["health unknown -> up"]["service"] == "coupon-service"
    assert by_msg["health unknown -> up"]["reason"] == "SERVING"
    assert by_msg["health up -> down"]["reason"] == "REFUSED"
    registered = by_msg[f"Service registered: coupon-service at localhost:{server.port}"]
    assert registered["ttl"] == "10s"
    assert re.fullmatch(r"[0-9a-f]+", registered["lease"])
    assert f"Service deregistered: coupon-service at localhost:{server.port}" in by_msg


def test_log_in_text_has_the_promised_lines(serve, agent, etcd):
    server = serve()
    watch, key = etcd.watch(), key_of(server.port)
    probe = {"target": f"127.0.0.1:{server.port}"}
    sidecar = agent(descriptor(etcd, server.port, probe=probe))
    put = watch.put(key)
    server.kill()
    watch.gone(key)
    sidecar.stop()
    stamp = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
    at = f"coupon-service at localhost:{server.port}"
    promised = [
        rf"info  etcd client initialized successfully endpoints={re.escape(etcd.endpoint)}$",
        r"info  health unknown -> up service=coupon-service reason=SERVING took=\d+(\.\d+)?m?s$",
        rf"info  Service registered: {at} lease={put.lease:x} ttl=10s$",
        r"warn  health up -> down service=coupon-service reason=REFUSED .*"
        rf'"nothing listens on 127\.0\.0\.1:{server.port}"$',
        rf"info  Service deregistered: {at} after=\d+(\.\d+)?m?s$",
    ]
    place = 0
    for line in promised:
        _, place = sidecar.log.wait(stamp + line, since=place)
    assert sidecar.log.count(stamp) == len(sidecar.log.lines)


def test_log_level_warn_is_silent_while_all_is_well(serve, agent, etcd):
    server = serve()
    sidecar = agent(descriptor(etcd, server.port, log={"level": "warn"}))
    etcd.watch().put(key_of(server.port))
    sidecar.stop()
    assert sidecar.log.lines == []


def test_several_configs_are_one_agent(serve, agent, etcd):
    servers = [serve(), serve()]
    watch = etcd.watch()
    texts = [descriptor(etcd, s.port, f"service-{i}") for i, s in enumerate(servers)]
    sidecar = agent(*texts)
    keys = [key_of(s.port, f"service-{i}") for i, s in enumerate(servers)]
    leases = {watch.put(key).lease for key in keys}
    assert len(leases) == 2
    servers[0].kill()
    watch.gone(keys[0])
    watch.nothing_more(keys[1])
    sidecar.stop()
    watch.gone(keys[1])


def test_a_folder_is_all_its_yaml_files(serve, agent, etcd, write, tmp_path):
    servers = [serve(), serve()]
    for i, server in enumerate(servers):
        write(descriptor(etcd, server.port, f"service-{i}"), f"conf.d/{i}.yaml")
    write("neither: read\nnor: [refused", "conf.d/notes.txt")
    watch = etcd.watch()
    agent(configs=[tmp_path / "conf.d"])
    for i, server in enumerate(servers):
        watch.put(key_of(server.port, f"service-{i}"))


def test_an_empty_folder_is_refused(tmp_path):
    done = run("--config", tmp_path)
    assert done.returncode == BAD_DESCRIPTOR
    assert str(tmp_path) in done.stderr


def test_two_descriptors_of_one_key_are_refused(write, closing):
    etcd = closing(SocketServer(lambda sock: sock.close()))
    text = descriptor(f"[127.0.0.1:{etcd.port}]", 50051)
    first, second = write(text), write(text)
    for words in (["check"], []):
        done = run(*words, "--config", first, "--config", second)
        assert done.returncode == BAD_DESCRIPTOR
        assert str(first) in done.stderr
        assert str(second) in done.stderr
    assert etcd.accepted == 0


def test_shipped_descriptor_honours_the_environment(serve, agent, etcd):
    server = serve()
    watch = etcd.watch()
    agent(
        configs=[CONF / "coupon.yaml"],
        env={
            "SERVICE_NAME": "coupon-blue",
            "SERVICE_HOST": "coupon.example",
            "GRPC_PORT": str(server.port),
            "ETCD_HOSTS": f"127.0.0.1:{free_port()},{etcd.endpoint}",
        },
    )
    put = watch.put(key_of(server.port, "coupon-blue", "coupon.example"))
    assert put.value.startswith(b'{"host":"coupon.example","port":%d,' % server.port)


def test_etcd_hosts_is_the_default_of_endpoints(serve, agent, etcd):
    server = serve()
    text = f"service:\n  name: coupon-service\n  port: {server.port}\n"
    watch = etcd.watch()
    agent(text, env={"ETCD_HOSTS": etcd.endpoint})
    watch.put(key_of(server.port))


@pytest.mark.parametrize("name", ["coupon", "point", "timesale"])
def test_shipped_descriptors_are_good(name):
    done = run("check", "--config", CONF / f"{name}.yaml")
    assert done.returncode == 0
    assert f"name: {name}-service" in done.stdout
    assert "localhost:2379" in done.stdout


def test_shipped_reader_is_good(tmp_path):
    done = run("check", "--config", CONF / "gateway.yaml", env={"GATEWAY_RUN_DIR": str(tmp_path)})
    assert done.returncode == 0
    assert done.stderr == ""
    for name in ("coupon", "point", "timesale"):
        assert f"path: {tmp_path}/{name}-service.json\n" in done.stdout


def test_every_output_that_the_shipped_reader_shows_is_good(write, tmp_path):
    text = (CONF / "gateway.yaml").read_text()
    shown = re.sub(r"^(\s+)# (- type:|  \w+:)", r"\1\2", text, flags=re.MULTILINE)
    done = run("check", "--config", write(shown), env={"GATEWAY_RUN_DIR": str(tmp_path)})
    assert done.returncode == 0
    for name in ("json", "envoy", "haproxy", "nginx", "exec"):
        assert f"- type: {name}\n" in done.stdout
