# SPDX-License-Identifier: Apache-2.0
"""The promotion system through its gateway's API, with both ways of discovery."""

import collections
import os
import signal
import time

import pytest

from lib.descriptor import key_of
from lib.load import Load, failed
from lib.promotion import COUPON, FOLDERS, POLICY, VARIANTS, promotion_in


@pytest.fixture(scope="module", params=VARIANTS)
def system(request, tmp_path_factory):
    """All of it, running: started once for each way of discovery."""
    with promotion_in(tmp_path_factory.mktemp(request.param)) as made:
        made.etcd.start()
        made.services = {name: made.service(name) for name in FOLDERS}
        for service in made.services.values():
            service.start(wait=False)
        made.sidecars = {name: made.sidecar(service) for name, service in made.services.items()}
        made.reader(request.param)
        made.reads_files = request.param == "sidecar"
        made.api = made.gateway(request.param).start()
        for name, service in made.services.items():
            made.api.wait(f"Connected to {name} at {service.address}$")
        yield made


@pytest.fixture
def second(system):
    """A second instance of the coupon service, listed and connected to; gone at the end."""
    started = []

    def start(linger="0s", **metadata):
        service, since = system.service().start(), system.api.told
        sidecar = system.sidecar(service, linger, **metadata)
        since = system.api.wait(f"{COUPON} instances changed: 2$", since)
        started.append((service, sidecar, since))
        system.api.wait(f"Connected to {COUPON} at {service.address}$", since)
        return service, sidecar

    yield start
    for service, sidecar, since in started:
        if sidecar.running:
            sidecar.stop()
        system.api.wait(f"{COUPON} instances changed: 1$", since)
        service.kill()


def spread(api, calls):
    """How many of so many API calls each instance has answered."""
    answers = [api.create_policy() for _ in range(calls)]
    assert {status for status, _, _ in answers} == {201}
    return collections.Counter(instance for _, _, instance in answers)


def test_coupon_policies(system):
    status, created, _ = system.api.ask("POST", "/coupon-policies", POLICY)
    assert status == 201
    assert created.pop("id")
    assert created == POLICY
    status, listed, _ = system.api.ask("GET", "/coupon-policies")
    assert status == 200
    assert [policy["title"] for policy in listed] == [POLICY["title"]]


@pytest.mark.parametrize(
    "member, value, sentence",
    [
        ("title", "", "title must not be empty"),
        ("totalQuantity", 1.5, "totalQuantity must be a whole number from 1"),
        ("totalQuantity", "1000", "totalQuantity must be a number"),
        ("endTime", "2026-11-01T00:00:00Z", "endTime must be after startTime"),
        ("discountType", "FREE", "discountType must be PERCENTAGE or FIXED_AMOUNT"),
        ("discountValue", 101, "discountValue must be at most 100 percent"),
        ("discount", 10, "discount is not known here"),
    ],
)
def test_a_bad_policy_is_refused_with_a_sentence(system, member, value, sentence):
    status, answer, _ = system.api.ask("POST", "/coupon-policies", {**POLICY, member: value})
    assert (status, answer) == (400, {"message": sentence})


def test_points_and_time_sales(system):
    assert system.api.ask("POST", "/points/ann/earn", {"amount": 70})[0] == 201
    assert system.api.ask("POST", "/points/ann/earn", {"amount": 30})[0] == 201
    assert system.api.ask("GET", "/points/ann")[:2] == (200, {"userId": "ann", "balance": 100})
    sale = {
        "productId": "p-1",
        "price": 9900,
        "quantity": 5,
        "startTime": POLICY["startTime"],
        "endTime": POLICY["endTime"],
    }
    status, created, _ = system.api.ask("POST", "/time-sales", sale)
    assert (status, created) == (201, {**sale, "id": created["id"]})
    assert system.api.ask("GET", "/time-sales")[:2] == (200, [created])


def test_health_says_who_is_there(system):
    status, health, _ = system.api.ask("GET", "/health")
    assert status == 200
    assert health["services"] == {
        name: {"instances": 1, "addresses": [service.address]}
        for name, service in system.services.items()
    }


def test_a_service_is_stopped_and_started(system):
    api, coupon = system.api, system.services[COUPON]
    since = api.told
    coupon.stop()
    since = api.wait(f"{COUPON} instances changed: 0$", since)
    status, answer, _ = api.create_policy()
    assert status == 503
    assert answer["message"].startswith(f"{COUPON} has no instance at the moment, ")
    assert api.ask("GET", "/points/ann")[0] == 200  # the others are not touched

    coupon.start()
    since = api.wait(f"{COUPON} instances changed: 1$", since)
    since = api.wait(f"Reconnecting to {COUPON}$", since)
    api.wait(f"Connected to {COUPON} at {coupon.address}$", since)
    status, created, instance = api.create_policy()
    assert (status, instance) == (201, coupon.address)
    assert created["id"]


def test_etcd_goes_and_comes_back_empty(system):
    api, since, load = system.api, system.api.told, Load(system.api)
    system.etcd.kill()
    if system.reads_files:
        since = api.wait(f"{COUPON}: the list has not been confirmed for", since)
    load.wait(10)
    away = len(load.calls)
    system.etcd.wipe()
    system.etcd.start()
    witness = system.etcd.watch()
    for name, service in system.services.items():
        witness.put(key_of(service.port, name))
    if system.reads_files:
        api.wait(f"{COUPON}: the list is confirmed again$", since)
        assert failed(load.end()) == []
        assert api.said.find("instances changed", since) is None
    else:
        # What etcd says is taken as it is: nobody is there until the sidecars have been.
        api.wait(f"{COUPON}: etcd can be read$", since)
        load.wait(10, lambda call: call.status in (200, 201))
        assert failed(load.end()[:away]) == []


def test_calls_are_spread_over_two_instances(system, second):
    other, sidecar = second()
    first = system.services[COUPON]
    assert spread(system.api, 8) == {first.address: 4, other.address: 4}

    since = system.api.told
    sidecar.stop()
    system.api.wait(f"{COUPON} instances changed: 1$", since)
    heavy = system.sidecar(other, weight=3)
    since = system.api.wait(f"Connected to {COUPON} at {other.address}$", since)
    assert spread(system.api, 8) == {first.address: 2, other.address: 6}
    heavy.stop()
    system.api.wait(f"{COUPON} instances changed: 1$", since)


def test_a_drained_instance_fails_no_call(system, second):
    other, sidecar = second(linger="4s")  # the gateway has heard of it by then
    load = Load(system.api)
    load.wait(10, lambda call: call.instance == other.address)
    sidecar.stop()
    left = time.monotonic()
    other.stop()
    load.wait(40)
    calls = load.end()
    assert failed(calls) == []
    assert [call for call in calls if call.instance == other.address and call.start > left] == []


def test_a_killed_instance_fails_what_it_was_at_alone(system, second):
    other, _ = second()
    since = system.api.told
    load = Load(system.api)
    load.wait(10, lambda call: call.instance == other.address)
    os.kill(other.child.pid, signal.SIGKILL)
    other.child.wait()
    system.api.wait(f"{COUPON} instances changed: 1$", since)
    load.wait(40)
    lost = failed(load.end())
    # Reading twice does no harm, so a call that lists is repeated elsewhere even if it was sent.
    assert {call.method for call in lost} <= {"POST"}
    assert {call.status for call in lost} <= {502}
    # All of them are lost at once, when the end of the connection is seen; what begins later goes elsewhere.
    seen = min((call.end for call in lost), default=0.0)
    assert [call for call in lost if call.start > seen] == []
