# SPDX-License-Identifier: Apache-2.0
"""Writes descriptors of readers, and the values that they read."""

import json

from lib.descriptor import NAME, wait_longer

PREFIX = f"/services/{NAME}/"


def reader(endpoints, outputs, **sections):
    """The text of one descriptor with `discover`.

    `endpoints` is an Etcd, or the YAML of etcd.endpoints. `outputs` has a path, or several, for
    the name of each service; a dict in place of a path is an output that is not of type json. Further arguments are sections and their keys; those of `discover`
    stand beside the services.
    """
    if hasattr(endpoints, "endpoint"):
        endpoints = f"[{endpoints.endpoint}]"
    whole = {"discover": {}, "etcd": {"endpoints": endpoints}}
    for section, keys in sections.items():
        whole.setdefault(section, {}).update(keys)
    wait_longer(whole)
    lines = []
    for section, keys in whole.items():
        lines.append(f"{section}:")
        lines += [f"  {key}: {value}" for key, value in keys.items()]
        if section == "discover":
            lines += services(outputs)
    return "\n".join(lines) + "\n"


def services(outputs):
    yield "  services:"
    for name, paths in outputs.items():
        yield f"    - name: {name}"
        yield "      outputs:"
        for path in paths if isinstance(paths, (list, tuple)) else [paths]:
            output = path if isinstance(path, dict) else {"type": "json", "path": path}
            keys = ", ".join(f"{key}: {value}" for key, value in output.items())
            yield f"        - {{{keys}}}"


def value(port, host="localhost", **more):
    """As an agent that registers writes it."""
    return json.dumps({"host": host, "port": port, "protocol": "grpc", **more})


def put(etcd, *ports, name=NAME, lease=0):
    """Lists an instance for each of these ports."""
    for port in ports:
        etcd.put(f"/services/{name}/localhost:{port}", value(port), lease)


def delete(etcd, *ports, name=NAME):
    for port in ports:
        etcd.delete(f"/services/{name}/localhost:{port}")


def at(*ports):
    """The addresses of those instances."""
    return [f"localhost:{port}" for port in ports]


def truth(etcd, name=NAME):
    """key -> (host, port, metadata): what a document should list, by an independent read."""
    found = {}
    for key, (text, _) in etcd.get(f"/services/{name}/").items():
        metadata = json.loads(text)
        host, port = metadata.pop("host"), metadata.pop("port")
        metadata.pop("protocol")
        found[key] = host, port, metadata
    return found


def listed(document):
    """The same of a document."""
    return {i["key"]: (i["host"], i["port"], i["metadata"]) for i in document["instances"]}
