# SPDX-License-Identifier: Apache-2.0
"""What stands in etcd: key, value and lease, to the byte."""

import json
import subprocess

import pytest

from lib.descriptor import descriptor
from lib.servers import PEERS

KEY = "/services/coupon-service/localhost:50051"
VALUE = b'{"host":"localhost","port":50051,"protocol":"grpc"}'


def target_of(server):
    """The advertised port is fixed in these tests; where the probe looks is not."""
    return {"target": f"127.0.0.1:{server.port}"}


@pytest.fixture
def advertised(agent, etcd, serve):
    """An agent that advertises localhost:50051 for a server on a free port."""

    def start(**sections):
        probe = target_of(serve("go"))
        return agent(descriptor(etcd, 50051, probe=probe, **sections))

    return start


def test_key_and_value_are_exact(advertised, etcd):
    advertised()
    etcd.watch().put(KEY)
    [(key, (value, _))] = etcd.get().items()
    assert key == KEY
    assert value == VALUE


def test_key_hangs_on_the_only_lease_of_ttl_10(advertised, etcd):
    advertised()
    put = etcd.watch().put(KEY)
    left, granted = etcd.lease(put.lease)
    assert granted == 10
    assert 0 < left <= 10
    assert etcd.leases() == [put.lease]


def test_lease_is_kept_alive_beyond_its_ttl(advertised, etcd):
    watch = etcd.watch()
    advertised(register={"ttl": "5s"})
    put = watch.put(KEY)
    for _ in range(3):
        etcd.outlast(5)
        assert etcd.lease(put.lease)[0] >= 0
    assert etcd.leases() == [put.lease]
    watch.nothing_more(KEY)


def test_withdrawing_revokes_the_lease(advertised, etcd):
    watch = etcd.watch()
    agent = advertised()
    watch.put(KEY)
    agent.stop()
    watch.gone(KEY)
    assert etcd.leases() == []


def test_metadata_follows_in_order_and_typed_as_written(advertised, etcd):
    metadata = '{version: 1.0.0, weight: 100, ratio: 1.10, on: true, zone: "7", note: "a \\"b\\""}'
    advertised(service={"metadata": metadata})
    put = etcd.watch().put(KEY)
    assert put.value == (
        b'{"host":"localhost","port":50051,"protocol":"grpc",'
        b'"version":"1.0.0","weight":100,"ratio":1.10,"on":true,"zone":"7","note":"a \\"b\\""}'
    )


def test_ipv6_host_is_bracketed_in_the_key_alone(advertised, etcd):
    advertised(service={"host": '"::1"'})
    put = etcd.watch().put("/services/coupon-service/[::1]:50051")
    assert put.value == b'{"host":"::1","port":50051,"protocol":"grpc"}'


def test_prefix_and_protocol_are_the_descriptors(advertised, etcd):
    watch = etcd.watch("/other/")
    advertised(register={"prefix": "/other/place"}, service={"protocol": "grpcs"})
    put = watch.put("/other/place/coupon-service/localhost:50051")
    assert json.loads(put.value)["protocol"] == "grpcs"


def test_npm_etcd3_reads_it(advertised, etcd):
    advertised(service={"metadata": "{weight: 100}"})
    etcd.watch().put(KEY)
    argv = ["node", PEERS / "node" / "reader.js", etcd.endpoint, "/services/coupon-service/"]
    seen = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=True).stdout
    assert json.loads(seen) == {
        KEY: {"host": "localhost", "port": 50051, "protocol": "grpc", "weight": 100}
    }
