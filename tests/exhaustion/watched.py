# SPDX-License-Identifier: Apache-2.0
"""A service to be looked at while something runs out, for each kind of probe."""

import ssl

from lib import web
from lib.certs import Authority
from lib.outputs import words
from lib.proxy import TcpProxy

QUICK = {"interval": "200ms", "timeout": "2s"}


class Watched:
    """A service that a kind of probe looks at, such as `http` or `grpc+tls`; `lose` makes the next
    probe begin anew.
    """

    def __init__(self, kind, serve, closing, folder):
        self.kind, _, secured = kind.partition("+")
        tls = {}
        if secured:
            authority = Authority(folder)
            issued = authority.issue("server")
            tls = {"tls": f"{{ca_file: {authority.cert}}}"}
        if self.kind == "exec":
            self.sign = folder / "healthy"
            self.sign.touch()
            self.port, self.probe = 1, {"command": words("test", "-e", self.sign)}
        elif self.kind == "grpc":
            self.server = serve("go", tls=issued) if secured else serve()
            self.proxy = closing(TcpProxy(self.server.port))
            self.port, self.probe = self.proxy.port, tls
        else:
            context = None
            if secured:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(issued.cert, issued.key)
            self.server = closing(web.WebServer(tls=context))
            self.port, self.probe = self.server.port, tls
        self.probe = {"type": self.kind, **self.probe, **QUICK}

    def lose(self):
        if self.kind == "grpc":
            self.proxy.end_connections()
        elif self.kind == "http":
            self.server.hang_up()

    def fall(self):
        if self.kind == "exec":
            self.sign.unlink()
        elif self.kind == "grpc":
            self.server.status("NOT_SERVING")
        else:
            self.server.close()
