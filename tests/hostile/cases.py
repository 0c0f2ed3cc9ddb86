# SPDX-License-Identifier: Apache-2.0
"""All cases by name."""

import others
import secured
import services

CASES = {**services.CASES, **others.CASES, **secured.CASES}
