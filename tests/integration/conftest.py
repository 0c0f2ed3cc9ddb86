# SPDX-License-Identifier: Apache-2.0
from lib.fixtures import *
