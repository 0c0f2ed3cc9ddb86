# SPDX-License-Identifier: Apache-2.0
"""The status of an agent as its admin answers it, and an admin that is played."""

import http.server
import json
import os
import socketserver
import threading

from lib.ports import listen, serve_on

SERVICE = {
    "name": "coupon-service", "host": "localhost", "port": 50051,
    "key": "/services/coupon-service/localhost:50051", "file": "a.yaml",
    "health": "up", "reason": "SERVING", "sentence": "the service says that it serves",
    "health_for": 61.5, "goal": "present", "state": "held", "at_goal": True, "listed": True,
    "contested": False, "lease": "694d9aabd4b5c20a", "ttl": 10, "seconds_left": 9.2, "tries": 0,
    "etcd": "localhost:2379", "drained": False, "withdrawn": False, "linger_left": 0,
    "retiring": False,
}  # fmt: skip
READER = {
    "name": "point-service", "prefix": "/services/point-service/", "file": "b.yaml",
    "begun": True, "stale": False, "age": 0, "revision": 7, "instances": 2, "at_goal": True,
    "etcd": "localhost:2379", "outputs": [{"type": "json", "place": "/p", "failing": False}],
}  # fmt: skip

WITHDRAWING = {"goal": "absent", "drained": True, "at_goal": False}
DRAINING = {
    "goal": "absent", "drained": True, "state": "none", "listed": False, "lease": None,
    "ttl": 0, "seconds_left": 0, "withdrawn": True, "linger_left": 0.5,
}  # fmt: skip
DRAINED = {**DRAINING, "linger_left": 0}


def service(**changes):
    return {**SERVICE, **changes}


def status(*services, readers=(), **changes):
    return {
        "schema_version": 1, "version": "1.2.3", "uptime": 5, "ready": True, "leaving": False,
        "drained": False, "reloads": 0, "reloads_failed": 0, "services": list(services),
        "readers": list(readers), "clusters": [], **changes,
    }  # fmt: skip


class _Unix(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class PlayedAdmin:
    """Answers each request with the next of `answers`; the last one again and again.

    An answer is a document, or (status, text), or bytes to be sent as they are; None ends the
    connection. `asked` are the requests: "GET /status".
    """

    def __init__(self, *answers, path=None, host="127.0.0.1"):
        self.answers, self.asked = list(answers), []
        self._path = path
        admin = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def address_string(self):
                return "-"

            def log_message(self, *_):
                pass

            def do_GET(self):
                admin.answer(self)

            do_POST = do_GET

        if path:
            self._server = _Unix(str(path), Handler)
            self.address = f"unix:{path}"
        else:
            self._server = serve_on(listen(host=host), http.server.ThreadingHTTPServer, Handler)
            self.address = f"{host}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, handler):
        self.asked.append(f"{handler.command} {handler.path}")
        turn = min(len(self.asked), len(self.answers)) - 1
        answer = self.answers[turn]
        handler.close_connection = True
        if answer is None:
            self.close()
        elif isinstance(answer, bytes):
            handler.wfile.write(answer)
        else:
            code, text = answer if isinstance(answer, tuple) else (200, json.dumps(answer) + "\n")
            handler.send_response_only(code)
            handler.send_header("Content-Length", str(len(text.encode())))
            handler.end_headers()
            handler.wfile.write(text.encode())

    def close(self):
        """Nothing listens any more, and no thread polls a number that another file gets."""
        self._server.shutdown()
        self._server.server_close()
        if self._path and os.path.exists(self._path):
            os.unlink(self._path)
