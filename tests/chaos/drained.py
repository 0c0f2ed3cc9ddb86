# SPDX-License-Identifier: Apache-2.0
"""Rule W: who has been drained, and has said that it is done, lists nothing until the resume. Pure.

What another agent lists under the same key is that one's own.
"""

import bounds
from intervals import both
from violation import Violation


def _judge_key(facts, worst, ident, key):
    drained = facts.during(f"drain {ident} {key}", {"drained"})
    own = [(since, until) for since, until, by in facts.listed(key) if by == ident]
    for since, until in drained:
        row = worst["W listed after a confirmed drain"]
        row.judged += 1
        for begin, end in both([(since, until)], own):
            bound = bounds.drained() + facts.allowance.during(begin, end)
            # What is still seen is seen late; what is seen to come was put meanwhile.
            late = end - begin if begin - since < bound else end - since
            row.judged -= 1
            row.note(late, bound, True)
            if late > bound:
                what = f"listed by {ident} until {late:.2f} s after it was drained"
                yield Violation("W", what, key, begin, end)


def judge_w(facts, worst):
    out = []
    for ident, agent in facts.history.agents.items():
        for key in agent["keys"]:
            out += _judge_key(facts, worst, ident, key)
    return out
