# SPDX-License-Identifier: Apache-2.0
"""The promotion system works in whatever order its parts are started."""

import itertools

import pytest

from lib.promotion import COUPON, VARIANTS, promotion_in

PARTS = ("etcd", "service", "sidecars", "gateway")


def orders():
    """All orders, each with a way of discovery: half of them for each, all parts in all places."""
    for order in itertools.permutations(range(len(PARTS))):
        swaps = sum(a > b for a, b in itertools.combinations(order, 2))
        names = [PARTS[n] for n in order]
        yield pytest.param(names, VARIANTS[swaps % 2], id="-".join(names))


@pytest.fixture
def system(tmp_path):
    with promotion_in(tmp_path) as made:
        yield made


@pytest.mark.parametrize("order, variant", orders())
def test_any_order(system, order, variant):
    coupon, gateway = system.service(), system.gateway(variant)
    sidecars = []

    def start_sidecars():
        sidecars.append(system.sidecar(coupon))
        system.reader(variant)
        sidecars[0].wait_log("etcd client initialized")

    start = {
        "etcd": system.etcd.start,
        "service": coupon.start,
        "sidecars": start_sidecars,
        "gateway": gateway.start,
    }
    for part in order:
        start[part]()  # returns when it is ready, so the next one is really later
    gateway.wait(f"Connected to {COUPON} at {coupon.address}$")
    status, created, _ = gateway.create_policy()
    assert status == 201
    assert created["id"]
