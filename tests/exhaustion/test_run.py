# SPDX-License-Identifier: Apache-2.0
"""`run` itself: whenever a signal ends it, nothing that it has started goes on, and nothing is left."""

import contextlib
import ctypes
import os
import pathlib
import re
import signal
import subprocess
import tempfile

import pytest

from lib.agent import BINARY
from lib.outputs import until

RUN = pathlib.Path(__file__).with_name("run")
BUILD = pathlib.Path(BINARY).resolve().parent
FOLDER = re.compile(r"/[^ ]*/svc-scarce-[^/ ]+")


def words_of(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")


class Sweep:
    """A run in a session of its own, by which all that it starts is known."""

    def __init__(self, *words):
        self.said = tempfile.TemporaryFile()
        argv = [RUN, "--build", BUILD, "--agent", BINARY, *words]
        self.child = subprocess.Popen(
            argv, start_new_session=True, stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said
        )

    def living(self):
        """Process -> its program, of all that are in that session and have not ended."""
        found = {}
        for each in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                state, _, _, session = (each / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) == self.child.pid and state != "Z":
                    found[int(each.name)] = pathlib.Path(os.fsdecode(words_of(each.name)[0])).name
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended meanwhile
        return found

    def folders(self):
        """Where it keeps what its etcd and its agents are told."""
        found = set()
        for pid in self.living():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                found |= set(FOLDER.findall(os.fsdecode(b" ".join(words_of(pid)))))
        return found

    def text(self):
        self.said.seek(0)
        return self.said.read().decode()

    def close(self):
        for pid in self.living():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.child.wait(60)
        print(self.text())
        self.said.close()


def started(closing, program):
    """A run that has started such a program, and the folder that it keeps."""
    sweep = closing(Sweep("--sanitized", "--scene", "plain", "exec", "--part", "life", "flip"))
    until(lambda: program in sweep.living().values(), 120)
    (folder,) = until(sweep.folders)
    return sweep, folder


def is_over(sweep, folder):
    code = sweep.child.wait(120)
    until(lambda: sweep.living() == {})  # a command of an agent that was killed may be about to end
    assert not os.path.exists(folder)
    assert code == 2
    assert "not finished: ended by a signal" in sweep.text()
    assert "WRONG" not in sweep.text() and "Traceback" not in sweep.text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda n: n.name)
@pytest.mark.parametrize("program", ["etcd", "svc-agent"])
def test_a_signal_ends_it_and_all_that_it_has_started(number, program, closing):
    sweep, folder = started(closing, program)
    sweep.child.send_signal(number)
    is_over(sweep, folder)


def test_a_signal_that_does_not_wake_the_thread_that_waits_ends_it_too(closing):
    """It may come just before that thread begins to wait; here it comes to another one."""
    sweep, folder = started(closing, "svc-agent")
    pid = sweep.child.pid
    tgkill = ctypes.CDLL(None, use_errno=True).tgkill

    def told():
        """Another thread than the first: some of them end at any moment."""
        threads = {int(each) for each in os.listdir(f"/proc/{pid}/task")} - {pid}
        return any(tgkill(pid, thread, signal.SIGTERM) == 0 for thread in threads)

    until(told)
    is_over(sweep, folder)
