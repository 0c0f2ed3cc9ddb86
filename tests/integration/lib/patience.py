# SPDX-License-Identifier: Apache-2.0
"""How long a test waits for what has to come: longer where the agent is slowed down, as under memcheck."""

import os

FACTOR = float(os.environ.get("SVC_PATIENCE", "1"))


def patient(seconds):
    return seconds * FACTOR
