# SPDX-License-Identifier: Apache-2.0
"""What some tests need of the machine, and a container may not have: they skip there, and say why."""

import errno
import functools
import os
import subprocess

import pytest

from lib.ports import listen

AS_ROOT = ["--map-root-user"] if os.geteuid() != 0 else []
NETWORK = ["unshare", "--net", *AS_ROOT]
SYS_PTRACE = 1 << 19  # CAP_SYS_PTRACE


@functools.cache
def _refusal(*argv):
    """What that program says where it fails; empty where it does not."""
    tried = subprocess.run(argv, capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else tried.stderr.strip() or f"status {tried.returncode}"


def need(what, *argv):
    if _refusal(*argv):
        pytest.skip(f"{what} here ({_refusal(*argv)})")


def need_network():
    need("no network of one's own is to be had", *NETWORK, "true")


def need_tracing():
    need("no process may be traced", "strace", "-D", "-f", "-o", "/dev/null", "true")


@functools.cache
def has_ipv6():
    try:
        listen(host="::1").close()
    except OSError as why:
        assert why.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT), why
        return False
    return True


def need_ipv6():
    if not has_ipv6():
        pytest.skip("loopback has no IPv6 here")


def may_look_into_others():
    """Whether we may read the memory of a process that has closed it: root does not suffice."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as lines:
        (rights,) = [line.split()[1] for line in lines if line.startswith("CapEff:")]
    return bool(int(rights, 16) & SYS_PTRACE)
