# SPDX-License-Identifier: Apache-2.0
"""The gateway's reading of its sidecar's files: absent, replaced, stale, broken."""

import json
import shutil
import time

import pytest

from lib.documents import document, entry, write
from lib.promotion import COUPON, STARTS, promotion_in

POLL = 5  # seconds between the gateway's slow looks, which stand behind its watch on the folder


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """Two coupon services, of which nobody knows but who writes the file, and a gateway."""
    with promotion_in(tmp_path_factory.mktemp("files")) as made:
        made.first, made.second = made.service(), made.service()
        for service in (made.first, made.second):
            service.start(wait=False)
        made.api = made.gateway("sidecar").start()
        for service in (made.first, made.second):
            service.said.wait(" listens on ", STARTS)
        yield made


def listed(system):
    return system.api.ask("GET", "/health")[1]["services"][COUPON]["addresses"]


def test_the_file_comes_late(system):
    system.api.wait(f"{COUPON}: waiting for {system.run_dir}/{COUPON}.json$")
    assert system.api.create_policy()[0] == 503
    since = system.api.told
    write(system, document(entry(system.first)))
    since = system.api.wait(f"{COUPON} instances changed: 1$", since)
    system.api.wait(f"Connected to {COUPON} at {system.first.address}$", since)
    assert system.api.create_policy()[0] == 201


def test_each_replacement_is_seen_at_once(system):
    began = time.monotonic()
    for others in ([entry(system.second)], []) * 5:
        since = system.api.told
        write(system, document(entry(system.first), *others))
        system.api.said.wait(f"instances changed: {1 + len(others)}$", 60, since)
    # Slow looks alone see one each time, and so need nine times as long for the ten.
    assert time.monotonic() - began < 5 * POLL


def test_weight_0_gets_no_call(system):
    since = system.api.told
    write(system, document(entry(system.first, weight=0), entry(system.second)))
    since = system.api.wait(f"Connected to {COUPON} at {system.second.address}$", since)
    assert {system.api.create_policy()[2] for _ in range(6)} == {system.second.address}
    write(system, document(entry(system.first, weight=0), entry(system.second, weight=0)))
    system.api.wait(f"{COUPON} instances changed: 2$", since)
    assert {system.api.create_policy()[2] for _ in range(6)} == {
        system.first.address,
        system.second.address,
    }


def test_a_stale_list_stays_in_use(system):
    since = system.api.told
    write(system, document(entry(system.first), stale=True, age=12))
    since = system.api.wait(f"{COUPON} instances changed: 1$", since)
    for age in (22, 32):
        write(system, document(entry(system.first), stale=True, age=age))
    assert system.api.create_policy()[0] == 201
    write(system, document(entry(system.first)))
    system.api.wait(f"{COUPON}: the list is confirmed again$", since)
    assert system.api.said.count(f"{COUPON}: the list has not been confirmed for 12 s") == 1
    assert system.api.said.count(f"{COUPON}: the list has not been confirmed") == 1


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "[1, 2",
        "null",
        json.dumps({"service": COUPON}),
        json.dumps(document({"host": "localhost", "port": 70000})),
        json.dumps(document("localhost:50051")),
    ],
    ids=["empty", "cut", "null", "no-list", "port", "text"],
)
def test_broken_files_leave_the_last_list(system, broken):
    since = system.api.told
    write(system, broken)
    since = system.api.wait(f"{COUPON}: .*{COUPON}.json cannot be used: .*; going on", since)
    write(system, broken + " ")
    assert listed(system) == [system.first.address]
    assert system.api.create_policy()[0] == 201
    write(system, document(entry(system.first)))
    system.api.wait(f"{COUPON}: .*{COUPON}.json can be used$", since)
    assert system.api.said.find("cannot be used", since) is None  # it was said once


def test_a_file_that_goes_leaves_the_last_list(system):
    since = system.api.told
    (system.run_dir / f"{COUPON}.json").unlink()
    since = system.api.wait(f"{COUPON}: .*; going on with the instances known$", since)
    assert system.api.create_policy()[0] == 201
    write(system, document(entry(system.first)))
    system.api.wait(f"{COUPON}: .*{COUPON}.json can be used$", since)


def test_the_folder_is_made_anew(system):
    """The watch on it ends with it; the slow look finds the new one."""
    since = system.api.told
    shutil.rmtree(system.run_dir)
    system.run_dir.mkdir(exist_ok=True)
    write(system, document(entry(system.first), entry(system.second)))
    system.api.wait(f"{COUPON} instances changed: 2$", since)
    assert listed(system) == sorted([system.first.address, system.second.address])
