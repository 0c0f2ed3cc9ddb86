# SPDX-License-Identifier: Apache-2.0
"""A minute of a hundred changes a second to two thousand instances, and two readers of them."""

import subprocess
import time

import pytest

from lib.descriptor import NAME
from lib.document import Document
from lib.reader import PREFIX, listed, reader, truth
from lib.servers import PEERS

INSTANCES, RATE, SECONDS = 2000, 100, 60
SETTLES = {"coupon": 0.05, "slow": 1.0}


def client(mode, etcd, *words):
    argv = [PEERS / "etcd-client", mode, etcd.endpoint, PREFIX, *map(str, words)]
    subprocess.run(argv, stdout=subprocess.DEVNULL, timeout=SECONDS * 10, check=True)


@pytest.fixture
def documents(tmp_path, closing):
    return {name: closing(Document(tmp_path / name / "all.json", keep=2)) for name in SETTLES}


def test_a_minute_of_changes(etcd, agent, documents):
    client("fill", etcd, INSTANCES)
    agents = {
        name: agent(
            reader(etcd, {NAME: documents[name].path}, discover={"settle": f"{settle * 1000:.0f}ms"},
                   etcd={"request_timeout": "60s"})
        )
        for name, settle in SETTLES.items()
    }
    for document in documents.values():
        document.wait(lambda d: len(d["instances"]) == INSTANCES, timeout=60)
    before = {name: document.renames for name, document in documents.items()}
    began = time.monotonic()
    client("churn", etcd, INSTANCES, RATE, SECONDS)
    took = time.monotonic() - began  # longer than it should have, where other work is in its way
    assert took >= SECONDS - 1
    renames = {name: document.renames - before[name] for name, document in documents.items()}
    true = truth(etcd)
    assert len(true) > INSTANCES / 2
    for name, document in documents.items():
        document.wait(lambda d: listed(d) == true, timeout=60, what="what etcd has")
        print(f"{name}: {RATE * SECONDS} changes were written in {renames[name]} renames")
        assert renames[name] <= took / SETTLES[name] + 2
        # Not one write for all of it either: whoever reads the file is at most a little behind.
        assert renames[name] >= SECONDS / SETTLES[name] / 20
        assert agents[name].log.count("warn") == 0
        # Twenty are free, then it is one a second.
        assert agents[name].log.count("instances changed") <= time.monotonic() - began + 30
