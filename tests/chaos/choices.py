# SPDX-License-Identifier: Apache-2.0
"""Choices within a fault: a function of the seed and the fault's number."""

import random


def dice_of(world, fault):
    return random.Random(f"{world.seed}/{fault.number}")
