# SPDX-License-Identifier: Apache-2.0
"""How long a test waits for what has to come: longer where the agent is slowed down, as under memcheck."""

import os
import re

FACTOR = float(os.environ.get("SVC_PATIENCE", "1"))
LONGEST = 60_000  # ms; as long as an agent may wait


def patient(seconds):
    return seconds * FACTOR


def patient_span(text, short):
    """How long the agent waits: 500ms, or 2s; longer where it is slowed down, if that is less than `short`."""
    if FACTOR == 1:
        return text
    number, unit = re.fullmatch(r"(\d+)(ms|s)", text).groups()
    asked = int(number) * (1000 if unit == "s" else 1)
    return f"{min(LONGEST, round(patient(asked)))}ms" if asked < short else text
