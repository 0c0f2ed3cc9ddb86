# SPDX-License-Identifier: Apache-2.0
"""A private, real etcd: started, stopped, killed, wiped and asked by the tests."""

import http.client
import json
import shutil
import signal
import subprocess
import time

from lib.gateway import decode, encode, under
from lib.patience import patient
from lib.ports import free_port
from lib.process import Process
from lib.watcher import Watcher

PREFIX = "/services/"


# What it keeps has to outlive itself, not the machine, and passwords need not withstand anybody: a
# disk or a core that is busy with other work does not slow it down.
QUICK = ["--unsafe-no-fsync", "--bcrypt-cost", "4"]


class Etcd(Process):
    careful = False  # as it comes: nothing is left out for the sake of time

    def __init__(self, directory, name="alone"):
        self.name = name
        self.data = directory / name
        self.log = directory / f"{name}.log"
        self.port, self.peer_port = free_port(), free_port()
        self.members = [self]
        self.flags = []  # further options of etcd
        self.user = None  # (name, password) of the tests, once authentication is on
        self.tls_port = None

    def secure(self, issued, clients=None):
        """It will speak TLS on a port of its own, with this certificate; the tests keep theirs.

        With `clients`, the file of an authority, who comes there needs a certificate of it.
        """
        self.tls_port = free_port()
        self.flags += ["--cert-file", issued.cert, "--key-file", issued.key]
        if clients:
            self.flags += ["--client-cert-auth", "--trusted-ca-file", clients]
        return self

    @property
    def tls_endpoint(self):
        return f"https://127.0.0.1:{self.tls_port}"

    @property
    def endpoint(self):
        return f"127.0.0.1:{self.port}"

    @property
    def peer_url(self):
        """Where the other members find it."""
        return f"http://127.0.0.1:{self.peer_port}"

    @property
    def peer_listen_url(self):
        return self.peer_url

    def spawn_only(self):
        """Starts the process without waiting: members of a cluster wait for each other."""
        cluster = ",".join(f"{m.name}={m.peer_url}" for m in self.members)
        client_url = f"http://{self.endpoint}"
        if self.tls_port:
            client_url += f",{self.tls_endpoint}"
        argv = ["etcd", "--name", self.name, "--data-dir", self.data]
        argv += ["--listen-client-urls", client_url, "--advertise-client-urls", client_url]
        argv += ["--listen-peer-urls", self.peer_listen_url]
        argv += ["--initial-advertise-peer-urls", self.peer_url, "--initial-cluster", cluster]
        argv += self.flags if self.careful else [*QUICK, *self.flags]
        with open(self.log, "ab") as log:
            self.spawn(argv, stdout=log, stderr=subprocess.STDOUT)

    def wait_ready(self):
        deadline = time.monotonic() + patient(60)
        while not self.healthy():
            assert self.running, f"etcd ended: {self.log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, "etcd did not become healthy"
            time.sleep(0.02)

    def healthy(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/health")
            return b'"true"' in connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def start(self):
        self.spawn_only()
        self.wait_ready()
        return self

    def stop(self):
        if self.running:
            self.resume()
            self.signal(signal.SIGTERM)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def wipe(self):
        """Forgets all keys, leases and revisions. Only while it is stopped."""
        assert not self.running
        shutil.rmtree(self.data)

    def headers(self):
        """What a request of the tests carries: a new token, should etcd want one."""
        if self.user is None:
            return {}
        name, password = self.user
        body = {"name": name, "password": password}
        return {"Authorization": self.call("auth/authenticate", body, {})["token"]}

    def ask(self, path, body):
        """A call that may be made twice: again while the members have no leader, or change him."""
        deadline = time.monotonic() + patient(60)
        while True:
            try:
                return self.call(path, body)
            except AssertionError as said:
                if f"etcd {path}: 503 " not in str(said) or time.monotonic() > deadline:
                    raise
            time.sleep(0.05)

    def call(self, path, body, headers=None):
        headers = self.headers() if headers is None else headers
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patient(30))
        try:
            connection.request("POST", f"/v3/{path}", json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        assert response.status == 200, f"etcd {path}: {response.status} {text!r}"
        return json.loads(text)

    def get(self, prefix=PREFIX):
        """key -> (value bytes, lease) of all keys under the prefix."""
        reply = self.call("kv/range", under(prefix))
        return {
            decode(kv["key"]).decode(): (
                decode(kv.get("value", "")),
                int(kv.get("lease", 0)),
            )
            for kv in reply.get("kvs", [])
        }

    def leases(self):
        return sorted(int(l["ID"]) for l in self.call("lease/leases", {}).get("leases", []))

    def kept_leases(self, agent):
        """All leases but those of grants that the agent gave up, should it have said so: what etcd granted
        too late lapses without a key, and nobody knows its id who could revoke it."""
        leases = self.leases()
        if agent.log.count("cannot get a lease yet"):
            leases = [lease for lease in leases if self.keys_on(lease)]
        return leases

    def keys_on(self, lease):
        return self.call("lease/timetolive", {"ID": str(lease), "keys": True}).get("keys", [])

    def lease(self, lease):
        """(seconds left, seconds granted); (-1, 0) when there is no such lease."""
        reply = self.call("lease/timetolive", {"ID": str(lease)})
        return int(reply.get("TTL", 0)), int(reply.get("grantedTTL", 0))

    def revoke(self, lease):
        self.call("lease/revoke", {"ID": str(lease)})

    def delete(self, key):
        self.call("kv/deleterange", {"key": encode(key)})

    def put(self, key, value, lease=0):
        self.call("kv/put", {"key": encode(key), "value": encode(value), "lease": str(lease)})

    def watch(self, prefix=PREFIX):
        return Watcher(self, prefix)

    def outlast(self, ttl):
        """Returns when a whole TTL has passed by etcd's own clock.

        A key on a lease that nobody renews is the clock: when it goes, every other lease of
        this TTL that was last renewed before now would have gone with it.
        """
        lease = self.ask("lease/grant", {"TTL": str(ttl)})["ID"]
        key = f"/witness/{lease}"
        watch = self.watch(key)
        try:
            self.ask("kv/put", {"key": encode(key), "lease": lease})
        except AssertionError as said:
            if "lease not found" in str(said):
                return  # so long did it take to say so
            raise
        watch.put(key)
        watch.gone(key, timeout=ttl * 3 + 30)

    def wait_lease_gone(self, lease, timeout=30):
        deadline = time.monotonic() + patient(timeout)
        while lease in self.leases():
            assert time.monotonic() < deadline, f"lease {lease:x} is still there"
            time.sleep(0.05)


def cluster_of(directory, size=3):
    """Members that know each other, not started yet."""
    members = [Etcd(directory, f"member{i}") for i in range(size)]
    for member in members:
        member.members = members
    return members


def start_cluster(members):
    """All of them ready; they need each other to be."""
    for member in members:
        member.spawn_only()
    for member in members:
        member.wait_ready()
