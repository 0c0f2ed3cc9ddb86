# SPDX-License-Identifier: Apache-2.0
"""etcd's own counters: the witness of what the keys alone do not show."""

import http.client
import re


def counter(etcd, name):
    """A counter without labels, as a whole number."""
    connection = http.client.HTTPConnection("127.0.0.1", etcd.port, timeout=30)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    return int(float(re.search(rf"^{name} (\S+)$", text, re.M).group(1)))
