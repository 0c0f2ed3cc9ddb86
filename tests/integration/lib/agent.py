# SPDX-License-Identifier: Apache-2.0
"""The real svc-agent binary, as a process whose log is read line by line."""

import os
import re
import signal
import subprocess
import time

from lib.lines import Lines
from lib.patience import patient
from lib.process import Process

BINARY = os.environ.get("SVC_AGENT", "svc-agent")

SANITIZER_REPORT = re.compile(
    r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|runtime error:"
)
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:exitcode=99",
    "LSAN_OPTIONS": "exitcode=99",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
}


def environment(extra=None):
    """Nothing of the caller's own settings may reach the agent."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {**kept, **SANITIZERS, **(extra or {})}


def run(*words, env=None, timeout=120, within=()):
    """Runs the agent to its end: for the commands that answer and exit.

    `within` are words of another program, which runs the agent."""
    argv = [*within, BINARY, *(str(word) for word in words)]
    done = subprocess.run(
        argv, env=environment(env), capture_output=True, text=True, timeout=patient(timeout), check=False
    )
    print(f"{argv} -> {done.returncode}\n{done.stdout}{done.stderr}")
    assert not SANITIZER_REPORT.search(done.stderr), "a sanitizer reported"
    return done


class Agent(Process):
    binary = BINARY
    words = ()  # options beside those of the constructor

    def __init__(self, configs, env=None, nofile=None, ready_fd=None):
        """`configs` are the arguments of --config, in order; `nofile` is SOFT:HARD.

        `ready_fd` is a descriptor of ours that it gets as its --ready-fd."""
        self.argv = ["prlimit", f"--nofile={nofile}"] if nofile else []
        self.argv += [self.binary, *self.words]
        for config in configs:
            self.argv += ["--config", config]
        self.pass_fds = () if ready_fd is None else (ready_fd,)
        if ready_fd is not None:
            self.argv.append(f"--ready-fd={ready_fd}")
        self.env = environment(env)
        self.log = None
        self.start()

    def start(self):
        self.spawn(
            self.argv,
            env=self.env,
            pass_fds=self.pass_fds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="backslashreplace",
        )
        self.log = Lines(self.child.stderr, "svc-agent")

    def wait_log(self, pattern, timeout=30, since=0):
        return self.log.wait(pattern, timeout, since)[0]

    def wait_health(self, change, service="", reason="", timeout=30):
        """Waits for a line like `health up -> down service=... reason=...`."""
        pattern = rf"health {change} service={service or '[^ ]+'} reason={reason or '[A-Z_]+'}"
        return self.wait_log(pattern + r"( |$)", timeout)

    def terminate(self, number=signal.SIGTERM):
        self.signal(number)

    def wait_exit(self, timeout=60):
        """The exit code; also says in the test's output how long the end took."""
        start = time.monotonic()
        code = self.child.wait(patient(timeout))
        self.log.join()
        print(f"svc-agent exited {code} after {time.monotonic() - start:.3f} s")
        return code

    def stop(self):
        """The usual end: withdrawn, and no complaint of a sanitizer (leaks included)."""
        self.terminate()
        assert self.wait_exit() == 0, f"svc-agent did not withdraw:\n{self.log.text()}"

    def close(self):
        """At the end of each test, however it went. Returns complaints."""
        complaints = []
        if self.running:
            self.resume()
            self.terminate()
            try:
                code = self.wait_exit()
                if code != 0:
                    complaints.append(f"svc-agent exited {code}")
            except subprocess.TimeoutExpired:
                complaints.append("svc-agent did not exit within a minute of SIGTERM")
                self.kill()
        self.log.join()
        print(f"--- log of {' '.join(str(word) for word in self.argv)}\n{self.log.text()}")
        if SANITIZER_REPORT.search(self.log.text()):
            complaints.append("a sanitizer reported")
        return complaints
