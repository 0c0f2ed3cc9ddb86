# SPDX-License-Identifier: Apache-2.0
"""What an agent goes through while an allocation fails, and how it is seen to be right."""

import http.client
import json
import pathlib
import socket
import ssl
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from lib import web
from lib.certs import Authority
from lib.descriptor import descriptor
from lib.proxy import TcpProxy
from lib.reader import reader, value
from lib.servers import Server

from memory import Memory

PATIENCE = 120.0  # seconds after which what has not come is a hang


class Wrong(Exception):
    """What an agent did that it must not do."""


class Over(Exception):
    """The run ends before it is through."""


over = threading.Event()


def until(what, told, timeout=PATIENCE):
    deadline = time.monotonic() + timeout
    while not (found := what()):
        if over.is_set():
            raise Over
        if time.monotonic() > deadline:
            raise Wrong(f"never within {timeout:g} s: {told}")
        time.sleep(0.003)
    return found


class World:
    """What all scenes share: an etcd with TLS beside, certificates, and how large what fails is at least."""

    def __init__(self, folder, etcd_class, least=0):
        self.folder, self.least = folder, least
        self.authority = Authority(folder)
        self.certificate = self.authority.issue("server")
        self.etcd = etcd_class(folder).secure(self.certificate)

    def start(self):
        self.etcd.start()

    def close(self):
        self.etcd.stop()


class Scene:
    """One service. Others change what its descriptor says, or what it registers for."""

    probe = {}
    more = {}
    timeout = "200ms"
    ttl = "60s"

    def __init__(self, world, number):
        self.world, self.etcd = world, world.etcd
        self.name = f"{type(self).__name__.lower()}-{number}"
        self.folder = world.folder / self.name
        self.config = self.folder / "conf"
        self.config.mkdir(parents=True)
        self.memory = Memory(self.folder / "memory", world.least)
        self.version = 1
        self.key = f"/services/{self.name}/localhost:1"
        try:
            self.begin()
            self.write()
        except BaseException:
            self.close()
            raise

    # ---- the service ---------------------------------------------------------------------

    def begin(self):
        self.server = Server("go", **self.served())
        self.server.start()
        self.healthy(True)

    def served(self):
        return {}

    def healthy(self, yes):
        self.server.status("SERVING" if yes else "NOT_SERVING", self.name)

    def target(self):
        return f"127.0.0.1:{self.server.port}"

    def end(self):
        self.server.kill()

    # ---- its descriptor ------------------------------------------------------------------

    def probes(self):
        return {"target": self.target(), "service": self.name, **self.quick()}

    def quick(self):
        return {"interval": "200ms", "timeout": self.timeout, "failure_threshold": 3}

    def cluster(self):
        return {}

    def text(self, name):
        return descriptor(
            f"[{self.etcd.endpoint}]",
            1,
            name,
            service={"metadata": f"{{version: {self.version}}}"},
            probe=self.probes(),
            register={"ttl": self.ttl},
            etcd=self.cluster(),
            **self.more,
        )

    def write(self):
        (self.config / "a.yaml").write_text(self.text(self.name))

    # ---- what it comes to ------------------------------------------------------------------

    def found(self):
        """The version that is listed, or None."""
        held = self.etcd.get(self.key)
        return json.loads(held[self.key][0])["version"] if self.key in held else None

    def is_right(self, agent):
        return agent.log.find("Service registered") is not None and self.found() == self.version

    def is_gone(self):
        return self.found() is None

    def clear(self):
        """As before the first agent."""
        self.healthy(True)
        for key in (self.key, self.key.replace(self.name, f"{self.name}-b")):
            self.etcd.delete(key)

    def flip(self, agent):
        self.healthy(False)
        until(self.is_gone, "withdrawn after NOT_SERVING")
        self.healthy(True)
        until(lambda: self.found() == self.version, "listed again")

    def close(self):
        self.end()
        self.memory.close()


class Plain(Scene):
    """Its probe can lose its connection."""

    def begin(self):
        super().begin()
        self.way = TcpProxy(self.server.port)

    def target(self):
        return f"127.0.0.1:{self.way.port}"

    def lose(self):
        self.way.end_connections()

    def end(self):
        super().end()
        self.way.close()


class Json(Scene):
    more = {"log": {"format": "json"}}


class Admin(Scene):
    """Is asked while it lives."""

    def probes(self):
        self.more = {"admin": {"listen": f"'unix:{self.folder}/admin.sock'"}}
        return super().probes()

    def ask(self, method, path):
        """The status of the answer; 0: none came."""
        connection = http.client.HTTPConnection("localhost", timeout=PATIENCE)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(PATIENCE)
        try:
            connection.sock.connect(f"{self.folder}/admin.sock")
            connection.request(method, path)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except TimeoutError as late:
            raise Wrong(f"{path}: nobody answers and nobody hangs up") from late
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def request(self, agent, method, path, good=(200,)):
        first = self.ask(method, path)
        if first not in (*good, 0, 500, 503):
            raise Wrong(f"{path}: {first}")
        if first not in good and self.ask(method, path) not in good:
            raise Wrong(f"{path}: not answered when there is memory again")


class Tls(Plain):
    def served(self):
        return {"tls": self.world.certificate}

    def tls(self):
        return f"{{ca_file: {self.world.authority.cert}}}"

    def probes(self):
        return {**super().probes(), "tls": self.tls()}

    def cluster(self):
        return {"endpoints": f"['{self.etcd.tls_endpoint}']", "tls": self.tls()}


class Named(Scene):
    """Everything by name."""

    def target(self):
        return f"localhost:{self.server.port}"

    def cluster(self):
        return {"endpoints": f"['localhost:{self.etcd.port}']"}


class Http(Scene):
    def begin(self):
        self.server = web.WebServer()

    def probes(self):
        return {"type": "http", "path": "/healthz", "target": self.server.target, **self.quick()}

    def healthy(self, yes):
        self.server.answer = web.OK if yes else web.status(503)

    def lose(self):
        self.server.hang_up()

    def end(self):
        self.server.close()


class Https(Http):
    def begin(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.world.certificate)
        self.server = web.WebServer(tls=context)

    def probes(self):
        return {**super().probes(), "tls": f"{{ca_file: {self.world.authority.cert}}}"}


class Exec(Scene):
    def begin(self):
        self.sign = self.folder / "healthy"
        self.healthy(True)

    def probes(self):
        return {"type": "exec", "command": f"[test, -e, {self.sign}]", **self.quick()}

    def healthy(self, yes):
        if yes:
            self.sign.touch()
        else:
            self.sign.unlink(missing_ok=True)

    def lose(self):
        """Each audit begins anew."""

    def end(self):
        pass


class Tcp(Scene):
    def begin(self):
        self.server = web.WebServer()
        self.listens = True

    def probes(self):
        return {"type": "tcp", "target": self.server.target, **self.quick()}

    def healthy(self, yes):
        if yes != self.listens:
            (self.server.listen if yes else self.server.close)()
        self.listens = yes

    def lose(self):
        """Each audit begins anew."""

    def end(self):
        self.server.close()


class Reader(Scene):
    """Reads the service that a test lists, into outputs of three kinds."""

    def begin(self):
        self.port = 1
        self.document, self.upstream, self.told = self.places(self.name)
        self.put()

    def places(self, name):
        return (self.folder / f"{name}.{kind}" for kind in ("json", "conf", "told"))

    def put(self):
        self.etcd.put(self.key, value(self.port, version=self.version))

    def text(self, name):
        document, upstream, told = self.places(name)
        outputs = [
            {"type": "json", "path": document},
            {"type": "nginx", "path": upstream, "reload": "['true']"},
            {"type": "exec", "command": f"[sh, -c, 'cat >{told}.new && mv {told}.new {told}']"},
        ]  # fmt: skip
        return reader(f"[{self.etcd.endpoint}]", {name: outputs}, discover={"settle": "10ms"})

    @staticmethod
    def ports(path):
        try:
            return [i["port"] for i in json.loads(path.read_text())["instances"]]
        except (OSError, ValueError):
            return None

    def written(self):
        upstream = self.upstream.read_text() if self.upstream.exists() else ""
        return (
            self.ports(self.document) == [self.port]
            and self.ports(self.told) == [self.port]
            and f":{self.port} weight" in upstream
        )

    def is_right(self, agent):
        return self.written()

    def is_gone(self):
        return True

    def flip(self, agent):
        self.port = self.port % 1000 + 1
        self.put()
        until(self.written, "all outputs are written")

    def end(self):
        self.etcd.delete(self.key)

    def clear(self):
        for path in (self.document, self.upstream, self.told):
            path.unlink(missing_ok=True)


SCENES = {each.__name__.lower(): each
          for each in (Plain, Json, Named, Admin, Tls, Http, Https, Exec, Tcp, Reader)}  # fmt: skip
