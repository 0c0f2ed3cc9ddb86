# SPDX-License-Identifier: Apache-2.0
"""Agents that read: each keeps one file for each service of the world in a folder of its own."""

from actors import ETCD, Place

SETTLE = "50ms"


class ReaderPlace(Place):
    """A folder of files and the agent that writes them."""

    def __init__(self, name, services, *rest):
        super().__init__(name, *rest)
        self.services = services
        self.files = self.directory / f"{name}.files"
        self.files.mkdir()

    def descriptors(self, ident):
        lines = ["discover:", f"  settle: {SETTLE}", "  services:"]
        for service in self.services:
            lines += [
                f"    - name: {service.name}",
                f"      outputs: [{{type: json, path: {self.path_of(service)}}}]",
            ]
        lines += ["etcd:", f"  endpoints: {self.endpoints}"]
        lines += [f"  {key}: {value}" for key, value in ETCD.items()]
        lines += ["log:", "  level: debug"]
        return {"reader": "\n".join(lines) + "\n"}

    def path_of(self, service):
        return self.files / f"{service.name}.json"

    def enlist(self, ident):
        self.history.readers[ident] = {
            "place": self.name,
            "group": self.group,
            "steady": self.steady,
        }
