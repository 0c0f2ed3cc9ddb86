# SPDX-License-Identifier: Apache-2.0
"""The outputs json and envoy: files that are whole whenever they are read."""

import json
import pathlib
import threading

import jsonschema
import pytest

from lib.outputs import key_at, reader_to, register, until

SCHEMA = json.loads(
    (pathlib.Path(__file__).parents[2] / "conf" / "discovered.schema.json").read_text()
)


def valid(text):
    document = json.loads(text)
    checker = jsonschema.FormatChecker(formats=[])
    jsonschema.Draft7Validator(SCHEMA, format_checker=checker).validate(document)
    return document


def ports(file):
    """The ports in a json document; None before there is one."""
    if not file.exists():
        return None
    return sorted(instance["port"] for instance in valid(file.read_text())["instances"])


def test_the_document(agent, etcd, tmp_path):
    file = tmp_path / "coupon.json"
    register(etcd, 50051, host="localhost", version="1.0.0", weight=100)
    register(etcd, 50052, host="::1")
    follower = agent(reader_to(etcd, {"type": "json", "path": file}))
    until(file.exists)
    text = file.read_text()
    document = valid(text)
    assert text.count("\n") == 1 and text.endswith("\n")
    written_at = document.pop("written_at")
    assert written_at.endswith("Z")
    assert document == {
        "schema_version": 1,
        "service": "coupon-service",
        "prefix": "/services/coupon-service/",
        "revision": 3,
        "stale": False,
        "age_seconds": 0,
        "instances": [
            {
                "key": key_at(50052, "::1"),
                "host": "::1",
                "port": 50052,
                "protocol": "grpc",
                "address": "[::1]:50052",
                "weight": 1,
                "metadata": {},
            },
            {
                "key": key_at(50051, "localhost"),
                "host": "localhost",
                "port": 50051,
                "protocol": "grpc",
                "address": "localhost:50051",
                "weight": 100,
                "metadata": {"version": "1.0.0", "weight": 100},
            },
        ],
    }
    etcd.stop()
    until(lambda: valid(file.read_text())["stale"])
    assert ports(file) == [50051, 50052]
    follower.stop()
    assert valid(file.read_text())["stale"]
    assert [path.name for path in tmp_path.glob("*coupon.json*")] == ["coupon.json"]


def test_the_schema_refuses_what_is_no_document(agent, etcd, tmp_path):
    file = tmp_path / "coupon.json"
    register(etcd, 50051)
    agent(reader_to(etcd, {"type": "json", "path": file}))
    until(file.exists)
    good = valid(file.read_text())
    for member in good:
        with pytest.raises(jsonschema.ValidationError):
            valid(json.dumps({name: value for name, value in good.items() if name != member}))
    (instance,) = good["instances"]
    for member in instance:
        cut = {name: value for name, value in instance.items() if name != member}
        with pytest.raises(jsonschema.ValidationError):
            valid(json.dumps({**good, "instances": [cut]}))
    for wrong in ({"port": 0}, {"port": 65536}, {"weight": -1}, {"metadata": []}):
        with pytest.raises(jsonschema.ValidationError):
            valid(json.dumps({**good, "instances": [{**instance, **wrong}]}))


def test_whoever_opens_it_reads_a_whole_document(agent, etcd, tmp_path):
    file = tmp_path / "coupon.json"
    agent(reader_to(etcd, {"type": "json", "path": file}, settle="0s"))
    until(file.exists)
    stopping, seen, broken = threading.Event(), set(), []

    def look():
        while not stopping.is_set():
            try:
                seen.add(len(valid(file.read_text())["instances"]))
            except (OSError, ValueError, jsonschema.ValidationError) as error:
                broken.append(error)

    looker = threading.Thread(target=look, daemon=True)
    looker.start()
    for number in range(1, 101):
        register(etcd, 50000 + number, note="x" * 500)
        if number % 10 == 0:  # so often, at least, it sees the file grow
            until(lambda number=number: number in seen, 60)
    stopping.set()
    looker.join(60)
    assert not broken
    assert ports(file) == list(range(50001, 50101))


def test_a_file_that_cannot_be_written_stops_no_other(agent, etcd, tmp_path):
    folder, file = tmp_path / "later", tmp_path / "coupon.json"
    follower = agent(
        reader_to(etcd, {"type": "json", "path": folder / "a.json"}, {"type": "json", "path": file})
    )
    until(file.exists)
    follower.wait_log("output needs attention .*no file can be made beside it: No such file")
    register(etcd, 50051)
    until(lambda: ports(file) == [50051])
    folder.mkdir()
    follower.wait_log("output works again", timeout=90)
    assert ports(folder / "a.json") == [50051]
    assert follower.log.count("needs attention") == 1


def test_envoy_reads_priorities_and_weights(agent, etcd, tmp_path):
    file = tmp_path / "eds.json"
    register(etcd, 50051, host="10.0.0.1", region="eu", weight=100)
    register(etcd, 50052, host="10.0.0.2", region="us")
    register(etcd, 50053, host="coupon.example", region="eu")
    follower = agent(
        reader_to(etcd, {"type": "envoy", "path": file, "cluster": "coupon", "region": "eu"})
    )
    until(file.exists)
    follower.wait_log("leaves out 1 of the instances.*coupon.example:50053")

    def assignment():
        response = json.loads(file.read_text())
        (resource,) = response["resources"]
        assert resource["cluster_name"] == "coupon" and int(response["version_info"]) > 0
        return [
            (place["priority"], place["locality"].get("region"), endpoint["endpoint"]["address"]
                ["socket_address"], endpoint["load_balancing_weight"], endpoint["health_status"])
            for place in resource["endpoints"]
            for endpoint in place["lb_endpoints"]
        ]  # fmt: skip

    near = (0, "eu", {"address": "10.0.0.1", "port_value": 50051}, 100, "HEALTHY")
    far = {"address": "10.0.0.2", "port_value": 50052}
    assert assignment() == [near, (1, "us", far, 1, "HEALTHY")]
    inode = file.stat().st_ino
    etcd.delete(key_at(50051, "10.0.0.1"))
    until(lambda: assignment() == [(0, "us", far, 1, "HEALTHY")])
    assert file.stat().st_ino != inode  # Envoy notices files that are moved there
    etcd.delete(key_at(50052, "10.0.0.2"))
    until(lambda: assignment() == [])
