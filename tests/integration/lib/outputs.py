# SPDX-License-Identifier: Apache-2.0
"""What the tests of outputs share: readers of one service, instances by their place, waiting."""

import json
import pathlib
import re
import time

from lib.descriptor import NAME
from lib.gateway import encode
from lib.patience import patient
from lib.reader import reader, value

MANUAL = pathlib.Path(__file__).parents[3] / "packaging" / "man"


def reader_to(etcd, *outputs, **discover):
    """The text of a reader's descriptor; outputs, and `discover`, are dicts of YAML values."""
    return reader(etcd, {NAME: outputs}, discover=discover)


def words(*argv):
    """A command as YAML."""
    return json.dumps([str(word) for word in argv])


def key_at(port, host="127.0.0.1", name=NAME):
    place = f"[{host}]" if ":" in host else host
    return f"/services/{name}/{place}:{port}"


def register(etcd, port, host="127.0.0.1", **metadata):
    etcd.put(key_at(port, host), value(port, host, **metadata))


def register_together(etcd, *places):
    """All of them in one revision, so that no time passes in between: arguments of register()."""
    puts = []
    for place in places:
        more = dict(place)
        port, host = more.pop("port"), more.pop("host", "127.0.0.1")
        put = {"key": encode(key_at(port, host)), "value": encode(value(port, host, **more))}
        puts.append({"request_put": put})
    etcd.call("kv/txn", {"success": puts})


def shown_in_manual(words):
    """The one example of svc-agent.yaml(5) that has those words."""
    text = (MANUAL / "svc-agent.yaml.5.scd").read_text()
    examples = re.findall(r"^```\w*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (example,) = [example for example in examples if words in example]
    return example


def until(what, timeout=30):
    """Waits until `what()` is true, and returns that; the moment in between is for others."""
    deadline = time.monotonic() + patient(timeout)
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < deadline, f"never true: {what.__doc__ or what}"
        time.sleep(0.01)


def let_settle(file, seconds):
    """Waits until what wrote the file last is so long ago: no wait for that one is left."""
    until(lambda: time.time() - file.stat().st_mtime > seconds)
