# SPDX-License-Identifier: Apache-2.0
"""ONLY, a pattern in the environment, leaves some cases of a file's tables."""

import os
import re

import pytest

PATTERN = os.environ.get("ONLY", "")


def chosen(table):
    """The cases that it matches; a test that has none of them is skipped."""
    cases = {name: case for name, case in table.items() if re.search(PATTERN, name)}
    if not cases:
        pytest.skip(f"ONLY={PATTERN} leaves nothing of this")
    return cases


def must_match(*tables):
    """All tables of a file: what matches nothing is a mistake, and not a test that passed."""
    if not any(re.search(PATTERN, name) for table in tables for name in table):
        raise pytest.UsageError(f"ONLY={PATTERN} matches no case")
