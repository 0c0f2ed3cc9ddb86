# SPDX-License-Identifier: Apache-2.0
"""The json files that a gateway's sidecar writes, written by a test in its place."""

import json

from lib.promotion import COUPON


def entry(service, weight=1):
    return {
        "key": f"/services/{COUPON}/{service.address}",
        "host": "localhost",
        "port": service.port,
        "protocol": "grpc",
        "address": service.address,
        "weight": weight,
        "metadata": {},
    }


def document(*instances, stale=False, age=0):
    return {
        "service": COUPON,
        "prefix": f"/services/{COUPON}/",
        "revision": 7,
        "stale": stale,
        "age_seconds": age,
        "written_at": "2026-11-25T17:00:00.123Z",
        "instances": instances,
    }


def write(system, text):
    """As the agent does it: another file, renamed."""
    temporary = system.run_dir / f".{COUPON}.json.1"
    temporary.write_text(text if isinstance(text, str) else json.dumps(text) + "\n")
    temporary.rename(system.run_dir / f"{COUPON}.json")
