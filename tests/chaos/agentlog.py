# SPDX-License-Identifier: Apache-2.0
"""What the agents' own logs say of their leases and claims."""

import datetime
import re

GRANTED = re.compile(r"^\S+ debug lease \S+ -> \S+ service=\S+ lease=([0-9a-f]+)")
CLAIMED = re.compile(
    r"^(\S+) info +Service registered: (\S+) at (\S+) lease=([0-9a-f]+)"
)


def _monotonic(text, offset):
    when = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return when.timestamp() - offset


def read_log(agent, history, offset):
    """`offset` is how far the wall clock, which the logs are written by, is ahead of ours."""
    with open(agent.log, errors="backslashreplace") as lines:
        for line in lines:
            granted = GRANTED.match(line)
            if granted and int(granted.group(1), 16):
                history.leases.setdefault(str(int(granted.group(1), 16)), agent.ident)
                continue
            claimed = CLAIMED.match(line)
            if claimed:
                when, name, at, _ = claimed.groups()
                key = f"/services/{name}/{at}"
                history.claims.append([agent.ident, key, _monotonic(when, offset)])
