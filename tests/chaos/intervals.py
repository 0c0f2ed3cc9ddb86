# SPDX-License-Identifier: Apache-2.0
"""Sets of time, as sorted lists of (from, to) that do not touch each other. Pure."""


def union(*many):
    out = []
    for begin, end in sorted(piece for pieces in many for piece in pieces):
        if out and begin <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        elif begin < end:
            out.append((begin, end))
    return out


def _both(left, right):
    out, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        begin, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if begin < end:
            out.append((begin, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return out


def both(first, *more):
    for other in more:
        first = _both(first, other)
    return first


def invert(pieces, begin, end):
    out = []
    for left, right in pieces:
        if begin < left:
            out.append((begin, left))
        begin = max(begin, right)
    if begin < end:
        out.append((begin, end))
    return out


def minus(left, right):
    if not left:
        return []
    return _both(left, invert(right, left[0][0], left[-1][1]))


def cut(pieces, points):
    """Divides the pieces at each of the points."""
    out = []
    for begin, end in pieces:
        inside = sorted(point for point in points if begin < point < end)
        edges = [begin, *inside, end]
        out += list(zip(edges, edges[1:]))
    return out


def widen(pieces, before, after):
    return union([(begin - before, end + after) for begin, end in pieces])


def meets(pieces, begin, end):
    """Whether any of the pieces shares a moment with [begin, end]."""
    return any(left <= end and begin <= right for left, right in pieces)


def length(pieces):
    return sum(end - begin for begin, end in pieces)


def while_in(track, wanted, end):
    """The time that a track [(since, state), ...] spends in states for which wanted(state)."""
    out = []
    for index, (since, state) in enumerate(track):
        until = track[index + 1][0] if index + 1 < len(track) else end
        if wanted(state) and since < until:
            out.append((since, until))
    return union(out)
