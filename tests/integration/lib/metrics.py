# SPDX-License-Identifier: Apache-2.0
"""What an agent answers on /metrics, as Prometheus would read it."""

import http.client
import re
import subprocess
import time

from lib.patience import patient

LINE = re.compile(r"([a-z_]+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
ENDS = ("_total", "_bucket", "_sum", "_count")  # of what never falls


def parse(text):
    """(name, sorted labels) -> value. A series that is there twice is an error."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = LINE.fullmatch(line).groups()
        series = name, tuple(sorted(LABEL.findall(labels or "")))
        assert series not in found, f"{line}: twice"
        found[series] = float(value)
    return found


class Metrics:
    """Those of the agent whose admin listens on this port of 127.0.0.1."""

    def __init__(self, port):
        self.port = port
        self.opened = False

    def ask(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
        finally:
            connection.close()

    def text(self):
        status, kind, text = self.ask("GET", "/metrics")
        assert status == 200, text
        assert kind.startswith("text/plain; version=0.0.4"), kind
        return text

    def all(self):
        return parse(self.text())

    def get(self, name, **labels):
        """The sum of all series of this name that have these labels; 0 when there is none."""
        wanted = set(labels.items())
        return sum(v for (n, have), v in self.all().items() if n == name and wanted <= set(have))

    def wait(self, name, value, timeout=30, **labels):
        """Until it is `value`, or what that says of it: wait("svc_agent_etcd_tries", over(0))."""
        holds = value if callable(value) else lambda now: now == value
        deadline = time.monotonic() + patient(timeout)
        self.wait_open(deadline)
        while not holds(now := self.get(name, **labels)):
            assert time.monotonic() < deadline, f"{name}{labels} is {now}\n{self.text()}"
            time.sleep(0.02)
        return now

    def wait_open(self, deadline):
        """An agent that has just been started opens its admin in a moment."""
        while not self.opened:
            try:
                self.text()
                self.opened = True
            except ConnectionRefusedError:
                assert time.monotonic() < deadline, "the admin does not listen"
                time.sleep(0.02)

    def counters(self):
        return {series: v for series, v in self.all().items() if series[0].endswith(ENDS)}


def over(limit):
    return lambda value: value > limit


def under(limit):
    return lambda value: value < limit


def promtool(text):
    """What Prometheus' own tool has against it; empty when it has nothing."""
    ran = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                         text=True, check=False, timeout=120)  # fmt: skip
    return ran.stdout + ran.stderr + ("" if ran.returncode == 0 else f"exit {ran.returncode}")
