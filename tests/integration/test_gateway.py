# SPDX-License-Identifier: Apache-2.0
"""The agent speaks gRPC to etcd: the JSON gateway may be switched off."""

from lib.counters import counter
from lib.descriptor import descriptor

GRANTED = "etcd_debugging_lease_granted_total"
PUT = "etcd_debugging_mvcc_put_total"
REVOKED = "etcd_debugging_lease_revoked_total"


def counted(etcd):
    return [counter(etcd, name) for name in (GRANTED, PUT, REVOKED)]


def test_etcd_without_its_gateway(serve, agent, etcds):
    etcd = etcds()
    etcd.flags = ["--enable-grpc-gateway=false"]
    etcd.start()
    server = serve()
    sidecar = agent(descriptor(etcd, server.port))
    # The witness needs the gateway, so etcd's counters stand in for it.
    sidecar.wait_log("Service registered")
    assert counted(etcd) == [1, 1, 0]
    server.status("NOT_SERVING")
    sidecar.wait_log("Service deregistered")
    assert counted(etcd) == [1, 1, 1]
