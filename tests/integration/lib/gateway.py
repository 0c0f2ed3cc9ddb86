# SPDX-License-Identifier: Apache-2.0
"""How etcd's JSON gateway writes keys: base64, and a prefix as a half-open span."""

import base64


def encode(text):
    """Of a text, or of bytes that are none."""
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def decode(text):
    return base64.b64decode(text)


def under(prefix):
    """The members of a request for all keys that begin with `prefix`; "": for all there are."""
    if not prefix:
        return {"key": encode("\0"), "range_end": encode("\0")}
    end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    return {"key": encode(prefix), "range_end": encode(end)}
