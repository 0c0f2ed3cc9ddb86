# SPDX-License-Identifier: Apache-2.0
"""Processes that outlive the agent whose commands they were."""

import ctypes
import os
import pathlib
import signal

PR_SET_CHILD_SUBREAPER = 36  # of linux/prctl.h


def adopt():
    """From now on, processes whose parent ends before them become children of this one."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot adopt processes")


def left(known):
    """The names of children that run, by pid, but for those that are known."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = path.read_text().partition(" (")
        except OSError:  # it has just ended
            continue
        name, _, fields = rest.rpartition(") ")
        state, parent = fields.split()[:2]
        if int(parent) == os.getpid() and state != "Z" and int(pid) not in known:
            found[int(pid)] = name
    return found


def end(pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)  # a child of ours: the number is nobody else's
