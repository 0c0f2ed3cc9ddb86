# SPDX-License-Identifier: Apache-2.0
"""Writes service descriptors. Values are YAML as a person would type them."""

from lib.patience import patient_span

NAME = "coupon-service"
# The keys of a probe with an audit every ten minutes, for which a machine may stand still: what is seen was
# pushed, or seen on the connection.
PUSH_ALONE = {"interval": "10m", "timeout": "60s"}
# What the agent waits for others, and for how many milliseconds by itself.
WAITS = {"etcd": ("request_timeout", 2000), "probe": ("timeout", 1000)}


def key_of(port, name=NAME, host="localhost"):
    return f"/services/{name}/{host}:{port}"


def descriptor(endpoints, port, name=NAME, **sections):
    """The text of one descriptor.

    `endpoints` is an Etcd, or the YAML of etcd.endpoints. Each further argument is a section
    and its keys; they replace the defaults given here.
    """
    if hasattr(endpoints, "endpoint"):
        endpoints = f"[{endpoints.endpoint}]"
    whole = {
        "service": {"name": name, "host": "localhost", "port": port},
        "etcd": {"endpoints": endpoints},
    }
    for section, keys in sections.items():
        whole.setdefault(section, {}).update(keys)
    wait_longer(whole)
    lines = []
    for section, keys in whole.items():
        lines.append(f"{section}:")
        lines += [f"  {key}: {value}" for key, value in keys.items()]
    return "\n".join(lines) + "\n"


def wait_longer(sections):
    """An agent that is slowed down waits longer for others, too, where a test has it wait for less than by
    itself: it would give up what it has itself not come to yet."""
    for section, (key, by_itself) in WAITS.items():
        keys = sections.get(section, {})
        if key in keys:
            keys[key] = patient_span(keys[key], by_itself)
