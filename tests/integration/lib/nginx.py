# SPDX-License-Identifier: Apache-2.0
"""A real nginx that carries gRPC to an upstream that it includes."""

import os
import socket
import subprocess
import time

from lib.patience import patient
from lib.ports import free_port
from lib.process import Process

CONFIG = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/upstreams/*.conf;
    server {{
        listen 127.0.0.1:{port} http2;
        location / {{ grpc_pass grpc://coupon-service; }}
    }}
}}
"""


class Nginx(Process):
    def __init__(self, directory):
        self.port = free_port()
        self.folder = directory / "nginx"
        self.upstream = self.folder / "upstreams" / "coupon.conf"
        self.upstream.parent.mkdir(parents=True)
        self.config = self.folder / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        self.config.write_text(CONFIG.format(folder=self.folder, port=self.port, user=user))

    def command(self, *words):
        early = self.folder / "early.log"  # before it has read where its log is
        return ["/usr/sbin/nginx", "-e", early, "-p", self.folder, "-c", self.config, *words]

    def test(self):
        """What `nginx -t` says; it must be satisfied."""
        done = subprocess.run(
            self.command("-t"), capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, f"{done.stderr}\n{self.upstream.read_text()}"
        return done.stderr

    def start(self):
        self.spawn(self.command(), stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + patient(60)
        while not self.listens():
            assert self.running, f"nginx ended: {(self.folder / 'error.log').read_text()}"
            assert time.monotonic() < deadline, "nginx does not listen"
            time.sleep(0.01)
        return self

    def listens(self):
        with socket.socket() as connection:
            return connection.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        """SIGTERM, so that the master takes its workers with it."""
        if self.running:
            self.child.terminate()
            try:
                self.child.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
