# SPDX-License-Identifier: Apache-2.0
"""All cases by name."""

from services import CASES as SERVICES

CASES = {**SERVICES}
