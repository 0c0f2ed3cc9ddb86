# SPDX-License-Identifier: Apache-2.0
"""What callgrind's dumps say, and what follows. Pure.

A dump has lines of cost below the names of what they are of: `ob=` the library, `fl=` the file, `fn=`
the function; a name that was there before is only its number. Behind `calls=` stands what a call cost
with all that it called. (callgrind_annotate does not read a dump that begins in the middle.)
"""

import re
from collections import Counter, namedtuple

# What was done: probes, renewals, the calls that these went out in, and looks at our keys in etcd.
Work = namedtuple("Work", "probes renewals calls reads")
DONE_BY = Work(  # ... once in each call of these functions of the agent
    {"health_note"},
    {"etcd_renew"},
    {"etcd_encode_keep_alive"},
    {"etcd_encode_range", "etcd_encode_read_all", "etcd_encode_compare"},
)
Function = namedtuple("Function", "library name")

NAMED = re.compile(r"(c?)(ob|fl|fi|fe|fn)=\((\d+)\)(?: (.*))?")
COST = re.compile(r"(?:\*|[+-]?\d+) (\d+)")
ALLOCATING = ("malloc", "calloc", "realloc")
ENTERING = (
    "send", "sendto", "sendmsg", "recv", "recvfrom", "recvmsg", "read", "write", "writev",
    "epoll_wait", "epoll_ctl", "poll", "mmap", "munmap", "brk", "connect", "socket", "close",
)  # fmt: skip


class Profile:
    """`own` and `whole` (with all that it called): Function -> instructions; `calls` of it."""

    def __init__(self, text):
        self.own, self.whole, self.calls = Counter(), Counter(), Counter()
        self._names = {}
        self._at = {}
        called = None  # calls, on the line before the cost of them
        for line in text.splitlines():
            named = NAMED.fullmatch(line)
            if named:
                self._take_name(*named.groups())
            elif line.startswith("calls="):
                called = int(line[6:].split()[0])
            elif (cost := COST.fullmatch(line)) and "fn" in self._at:
                self._take_cost(int(cost.group(1)), called)
                called = None

    def _take_name(self, callee, kind, number, name):
        kind = "fl" if kind in ("fi", "fe") else kind
        if name is not None:
            self._names[kind, number] = name
        self._at[callee + kind] = self._names[kind, number]

    def _take_cost(self, cost, called):
        function = Function(self._library("ob"), self._at["fn"])
        if called is None:
            self.own[function] += cost
        else:
            callee = Function(self._library("cob" if "cob" in self._at else "ob"), self._at["cfn"])
            self.calls[callee] += called
            self._at.pop("cob", None)
            if callee == function:
                return
        self.whole[function] += cost

    def _library(self, key):
        return self._at[key].rsplit("/", 1)[-1]

    @property
    def instructions(self):
        return self.own.total()

    def of_library(self, name):
        return sum(cost for function, cost in self.own.items() if function.library.startswith(name))

    def calls_of(self, names, library):
        return sum(n for f, n in self.calls.items() if f.library.startswith(library) and f.name in names)

    def work(self, agent):
        """Work, of the agent whose program is called so."""
        return Work(*(self.calls_of(names, agent) for names in DONE_BY))


def read_bounds(text):
    """name -> instructions, of lines such as `probe 17000`; # begins a comment."""
    lines = (line.split("#")[0].split() for line in text.splitlines())
    return {words[0]: int(words[1]) for words in lines if words}


def judge(found, bounds, tolerance):
    """What is more than it may be: a sentence for each."""
    for name, bound in bounds.items():
        if found[name] > bound * (1 + tolerance):
            yield (
                f"{name}: {found[name]:.0f} instructions, which is {found[name] / bound - 1:.0%} more "
                f"than the {bound} that are written down; {tolerance:.0%} are allowed"
            )


def grown(small, large, times, least):
    """Functions that take more for one service when there are more services.

    Each of the first two is (Profile, services); yields (Function, for one of few, for one of many)
    of those that are `times` dearer, when that makes at least the part `least` of all."""
    (few, n), (many, m) = small, large
    for function, cost in many.own.most_common():
        before, now = few.own[function] / n, cost / m
        if now > before * times and now - before > least * many.instructions / m:
            yield function, before, now


def table(head, rows):
    """As Markdown; the first column is text."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
