# SPDX-License-Identifier: Apache-2.0
"""How long each thing may take, and why. Seconds. Pure.

Each bound is a sum of what the agent is configured to wait for and what etcd is known to take.
To each the judge adds what the machine itself was late by: the worst delay of the harness's own
threads and the worst round trip to etcd that were measured around that very time.
"""

PROBE_INTERVAL = 0.4
PROBE_TIMEOUT = 0.5
FAILURE_THRESHOLD = 3
REQUEST_TIMEOUT = 0.5
MEMBERS = 3
BACKOFF_CAP = 5.0  # the agent's longest pause while it holds no lease

# A process is started, reads its descriptors and makes its first connections.
START = 0.5
# What remains when all else is counted: the probes' jitter, a few turns of a loop.
MARGIN = 0.3

# By what the service did: until the agent knows.
DETECT = {
    # The connection breaks; a second refusal within 100 ms. A connection that was just being
    # made, or a Watch not open yet: the next audit finds out.
    "gone": PROBE_INTERVAL + 0.2,
    "flip": PROBE_INTERVAL + 0.2,
    # So many audits in a row without an answer, after the one that had just begun.
    "hang": (FAILURE_THRESHOLD + 1) * max(PROBE_INTERVAL, PROBE_TIMEOUT) + PROBE_TIMEOUT,
}
# The next audit; when a hung server wakes, the one that is running must end first.
DETECT_UP = PROBE_INTERVAL + PROBE_TIMEOUT

# While part of etcd is away: each member is tried in turn, twice, with pauses between.
FAILOVER = 2 * MEMBERS * REQUEST_TIMEOUT + 1.0

# From this TTL on an agent must keep its lease as long as it reaches any member that serves: two
# thirds of it are left when a renewal is due, which is enough to try every member twice.
SAFE_TTL = 5

# A leader that was stopped for longer than a TTL believes, when it goes on, that it leads still
# and that this lease has run out. It asks for 16 such leases to be revoked at a time; what it
# asked before it knew better is dropped, and when it gives that up, after 7 s, it asks for the
# next, which the new leader grants though the lease lives. That is etcd's doing (3.4 and 3.5 to
# some release); the agent's part, to be back at once, is judged by L.
STOPS_A_MEMBER = {"member.pause", "member.leader_pause"}
LEADER_OF_THE_PAST = 2 * 7.0 + 1.0

# etcd looks for expired leases every half second; a new leader adds an election timeout to all.
EXPIRY = 0.5 + 1.0

# Seconds; by less a thread of the harness is woken late where there is other work.
STILL = 0.2


def outlast(ttl):
    """O, R: a machine that stands still for longer lets a lease run out that was renewed as it was due."""
    return ttl * 2 / 3 - MARGIN


def withdraw(kind, ttl, trouble):
    """S: a reachable, running agent whose service is dead."""
    # A call of before that is still unanswered ends first; with trouble the revoke is
    # repeated after pauses of at most a third of the TTL.
    return DETECT[kind] + MARGIN + (FAILOVER + ttl / 3 if trouble else 0.0)


def expire(kind, ttl):
    """S: whatever the agent does. It renews at most until it knows; then the lease runs out."""
    return DETECT[kind] + REQUEST_TIMEOUT + ttl + EXPIRY + MARGIN


def drained():
    """W: after the word of the agent; the witness may hear of it a moment later."""
    return MARGIN


def drain_back(ttl):
    """O: from a drain to the delete, while etcd is reached: as withdraw() has it."""
    return MARGIN + FAILOVER + ttl / 3


def appear():
    """L: nothing else is wrong: health, a grant and a put."""
    return START + DETECT_UP + MARGIN


def appear_after_trouble(ttl):
    """L: a pause that was begun while etcd was away, or while another agent had the key."""
    return START + DETECT_UP + BACKOFF_CAP + FAILOVER + ttl + MARGIN


def notice_loss(ttl):
    """L: a key deleted by hand is missed when it is read back: at each third renewal."""
    return ttl + ttl / 3 + REQUEST_TIMEOUT + MARGIN


# ---- files -------------------------------------------------------------------------------

AUDIT_EVERY = 10.0  # a reader asks so long after the last news whether it has missed some
AUDIT_AGAIN = 1.0  # more than it knows may be on its way, so it asks once more
STALE_AFTER = 1.0  # without anybody who confirms what a file says
HOLD = 10.0  # a loss after an outage is not believed for so long: the agents come back first

# After trouble on its way to etcd: a pause of the reader's may be running, and then each member
# is tried. From then on it is told of a change as it happens.
FOLLOWED = BACKOFF_CAP + 1.0

# Connections that were forgotten on the way are silent for good: only the audit can tell.
STRANDED = AUDIT_EVERY + AUDIT_AGAIN + 2 * REQUEST_TIMEOUT + 1.0


def publish(begun):
    """F1 and F2: nothing else is wrong. News of etcd, a read that confirms a loss, a file."""
    return 0.5 + (START if begun else 0.0)


def publish_after_trouble():
    """F1 and F2: the audit finds that the watch is silent, and the way to another is long."""
    return AUDIT_EVERY + AUDIT_AGAIN + BACKOFF_CAP + FAILOVER + publish(True)


def hold():
    """F1: a loss that is held back, and said to be stale: from the moment that etcd is reached."""
    return BACKOFF_CAP + FAILOVER + HOLD + publish(True)


def confirm():
    """F4: stale, though etcd is reached and the file says what it has."""
    return BACKOFF_CAP + FAILOVER + publish(True)


def doubt():
    """F4: stale because a member did not answer a moment ago, while others would have."""
    return REQUEST_TIMEOUT + STALE_AFTER + publish(False)


def own_up(silent):
    """F4: not stale, though etcd is not reached. Refusal is seen at once, silence by an audit."""
    # A call that has just gone out may be waited for in vain.
    return REQUEST_TIMEOUT + STALE_AFTER + publish(False) + (AUDIT_EVERY if silent else 0.0)
