# SPDX-License-Identifier: Apache-2.0
"""Three etcd members whose traffic between each other passes through proxies."""

import contextlib
import http.client
import json
import subprocess
import time

from lib.etcd import Etcd
from lib.ports import free_port

TROUBLE = (AssertionError, OSError, http.client.HTTPException, ValueError, KeyError)


class Member(Etcd):
    """`proxy_port` is where the others, and only they, find this member."""

    def __init__(self, directory, name):
        super().__init__(directory, name)
        self.proxy_port = free_port()
        self.state = "new"

    @property
    def peer_url(self):
        return f"http://127.0.0.1:{self.proxy_port}"

    def spawn_only(self):
        cluster = ",".join(f"{m.name}={m.peer_url}" for m in self.members)
        client_url = f"http://{self.endpoint}"
        argv = ["etcd", "--name", self.name, "--data-dir", self.data]
        argv += ["--listen-client-urls", client_url, "--advertise-client-urls", client_url]
        argv += ["--listen-peer-urls", f"http://127.0.0.1:{self.peer_port}"]
        argv += ["--initial-advertise-peer-urls", self.peer_url, "--initial-cluster", cluster]
        argv += ["--initial-cluster-state", self.state]
        with open(self.log, "ab") as log:
            self.spawn(argv, stdout=log, stderr=subprocess.STDOUT)

    def call(self, path, body):
        """As an Etcd's, but a member that hangs is soon given up: there are others."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        with contextlib.closing(connection):
            connection.request("POST", f"/v3/{path}", json.dumps(body))
            response = connection.getresponse()
            text = response.read()
        assert response.status == 200, f"etcd {path}: {response.status} {text!r}"
        return json.loads(text)

    def ended(self):
        """Reaps a member that was signalled; kills it when it does not end."""
        try:
            self.child.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()


class Cluster:
    def __init__(self, directory, size=3):
        self.members = [Member(directory, f"m{i}") for i in range(size)]
        for member in self.members:
            member.members = self.members

    def start(self):
        for member in self.members:
            member.spawn_only()
        for member in self.members:
            member.wait_ready()

    def ask(self, path, body, but=None, seconds=20):
        """The answer of the first member that gives one; tried until `seconds` are over."""
        deadline = time.monotonic() + seconds
        while True:
            for member in self.members:
                if member is not but and member.running:
                    with contextlib.suppress(*TROUBLE):
                        return member.call(path, body)
            assert time.monotonic() < deadline, f"no member answers {path}"
            time.sleep(0.1)

    def listed(self):
        """(keys under the prefix, leases), or None while no member answers."""
        for member in self.members:
            with contextlib.suppress(*TROUBLE):
                return member.get(), member.leases()
        return None

    def ids(self):
        """member -> its id, by the peer URL: a member that has not started has no name."""
        found = self.ask("cluster/member/list", {})["members"]
        by_url = {each["peerURLs"][0]: int(each["ID"]) for each in found}
        return {m: by_url[m.peer_url] for m in self.members if m.peer_url in by_url}

    def leader(self):
        """The member that leads; the first one when there is no leader now."""
        ids = self.ids()
        for member in self.members:
            with contextlib.suppress(*TROUBLE):
                leader = int(member.call("maintenance/status", {}).get("leader", 0))
                found = [m for m, number in ids.items() if number == leader]
                if found:
                    return found[0]
        return self.members[0]

    def replace(self, member):
        """Takes a stopped member out, forgets its data and lets it join as a new one."""
        gone = self.ids()[member]
        self.ask("cluster/member/remove", {"ID": str(gone)}, but=member)
        member.wipe()
        self.ask("cluster/member/add", {"peerURLs": [member.peer_url]}, but=member)
        member.state = "existing"

    def stop(self):
        for member in self.members:
            member.stop()
