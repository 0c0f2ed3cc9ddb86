# SPDX-License-Identifier: Apache-2.0
"""The library and the fixtures are those of the integration tests."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))

from lib.fixtures import *
