# SPDX-License-Identifier: Apache-2.0
"""The promotion system in small (contrib/promotion), made of the real parts, one by one."""

import contextlib
import http.client
import json
import os
import pathlib
import signal
import subprocess

import lib.agent
from lib.descriptor import descriptor
from lib.etcd import Etcd
from lib.lines import Lines
from lib.ports import free_port
from lib.process import Process

BUILT = pathlib.Path(os.environ.get("SVC_PROMOTION", ".")).resolve()
CONF = pathlib.Path(__file__).parents[3] / "conf"
VARIANTS = ["sidecar", "etcd3"]
STARTS = 120  # seconds for a program of Node's: one on an idle machine, thirty were seen beside much work
FOLDERS = {"coupon-service": "coupon", "point-service": "point", "timesale-service": "timesale"}
COUPON = "coupon-service"

POLICY = {
    "title": "Winter sale",
    "description": "Ten percent off everything",
    "totalQuantity": 1000,
    "startTime": "2026-12-01T00:00:00Z",
    "endTime": "2026-12-31T23:59:59Z",
    "discountType": "PERCENTAGE",
    "discountValue": 10,
    "minimumOrderAmount": 10000,
    "maximumDiscountAmount": 5000,
}


class Node(Process):
    """One Node program of the system; `settings` are its environment."""

    def __init__(self, folder, **settings):
        self.folder = folder
        self.settings = {name: str(value) for name, value in settings.items()}
        self.said = None

    def start(self, wait=True):
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
        self.spawn(
            ["node", BUILT / "dist" / self.folder / "main.js"],
            env={**kept, "NODE_NO_WARNINGS": "1", **self.settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = Lines(self.child.stdout, self.folder)
        if wait:
            self.said.wait(" listens on ", timeout=STARTS)
        return self

    def stop(self):
        """As a container is stopped: it must end by itself, with 0."""
        self.signal(signal.SIGTERM)
        assert self.child.wait(60) == 0, f"{self.folder} ended badly:\n{self.said.text()}"

    def close(self):
        self.kill()
        if self.said:
            self.said.join()
            print(f"--- {self.folder} {self.settings}\n{self.said.text()}")


class Service(Node):
    """One instance of one of the three services."""

    def __init__(self, name=COUPON):
        self.name, self.port = name, free_port()
        self.address = f"localhost:{self.port}"
        super().__init__(
            FOLDERS[name], SERVICE_NAME=name, SERVICE_HOST="localhost", GRPC_PORT=self.port
        )


class Gateway(Node):
    def __init__(self, discovery, run_dir, etcd):
        self.port = free_port()
        super().__init__(
            "gateway",
            PORT=self.port,
            GATEWAY_DISCOVERY=discovery,
            GATEWAY_RUN_DIR=run_dir,
            ETCD_HOSTS=etcd.endpoint if etcd else "127.0.0.1:1",
        )

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method, path, body=None, connection=None):
        """(status, parsed body, address of the instance that answered) of one API call."""
        used = connection or self.connection()
        text = None if body is None else json.dumps(body)
        used.request(method, path, text, {"Content-Type": "application/json"} if text else {})
        answer = used.getresponse()
        parsed = json.loads(answer.read())
        if connection is None:
            used.close()
        return answer.status, parsed, answer.getheader("X-Instance")

    def create_policy(self):
        return self.ask("POST", "/coupon-policies", POLICY)

    def wait(self, line, since=0):
        """The index after the first such line of its log."""
        return self.said.wait(line, timeout=60, since=since)[1] + 1

    @property
    def told(self):
        """Where its log ends now: `since` for what comes."""
        return len(self.said.lines)


class Promotion:
    """Makes the parts in one folder, with one etcd, and ends them all in a good order."""

    def __init__(self, directory):
        self.directory = directory
        self.run_dir = directory / "run"
        self.etcd = Etcd(directory)
        self.agents, self.nodes = [], []

    def service(self, name=COUPON):
        return self.note(Service(name))

    def gateway(self, discovery):
        return self.note(Gateway(discovery, self.run_dir, self.etcd))

    def note(self, node):
        self.nodes.append(node)
        return node

    def agent(self, config, **env):
        made = lib.agent.Agent([config], env)
        self.agents.append(made)
        return made

    def sidecar(self, service, linger="0s", **metadata):
        """The agent beside a service."""
        sections = {"shutdown": {"linger": linger}}
        if metadata:
            sections["service"] = {"metadata": json.dumps(metadata)}
        config = self.directory / f"agent{len(self.agents)}.yaml"
        config.write_text(descriptor(self.etcd, service.port, service.name, **sections))
        return self.agent(config)

    def reader(self, discovery):
        """The agent beside the gateway, where the gateway wants one."""
        if discovery == "sidecar":
            self.run_dir.mkdir(exist_ok=True)
            settings = {"GATEWAY_RUN_DIR": str(self.run_dir), "ETCD_HOSTS": self.etcd.endpoint}
            self.agent(CONF / "gateway.yaml", **settings)

    def close(self):
        complaints = [complaint for agent in self.agents for complaint in agent.close()]
        for node in self.nodes:
            node.close()
        self.etcd.stop()
        assert not complaints, complaints


@contextlib.contextmanager
def promotion_in(directory):
    made = Promotion(directory)
    try:
        yield made
    finally:
        made.close()
