# SPDX-License-Identifier: Apache-2.0
"""One thing that should not have happened, and the slice of history to look at."""

from collections import namedtuple

Violation = namedtuple("Violation", "rule what key begin end")
