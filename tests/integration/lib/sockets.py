# SPDX-License-Identifier: Apache-2.0
"""Which ports a process is connected to, as the kernel says."""

import os
import re

ESTABLISHED = "01"


def _inodes(pid):
    found = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            match = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            continue  # closed since it was listed
        if match:
            found.add(match.group(1))
    return found


def connections(port):
    """The local ports from which somebody is connected to this port of this machine."""
    found = set()
    for table in ("tcp", "tcp6"):
        with open(f"/proc/net/{table}", encoding="ascii") as lines:
            next(lines)
            for line in lines:
                fields = line.split()
                local, remote = (int(f.rpartition(":")[2], 16) for f in fields[1:3])
                if fields[3] == ESTABLISHED and remote == port:
                    found.add(local)
    return found


def connected_ports(pid):
    """The remote port of each established TCP connection of the process."""
    ours, ports = _inodes(pid), []
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}", encoding="ascii") as lines:
            next(lines)
            for line in lines:
                fields = line.split()
                if fields[3] == ESTABLISHED and fields[9] in ours:
                    ports.append(int(fields[2].rpartition(":")[2], 16))
    return ports
