# SPDX-License-Identifier: Apache-2.0
"""What happened in a run, on one monotonic clock: all that the judge is given.

It is plain data, so that it can be written to a file, read again and judged again.

    keys     key -> {"ttl", "group"}
    agents   id -> {"keys", "group", "steady"}; an id is one process: a3.2 is the third of slot a3
    readers  id -> {"place", "group", "steady"}; the place stands in the names of its files
    tracks   name -> [[since, state], ...]:
               service KEY    up | gone | flip | hang | unclear
               agent ID       running | paused | unclear | ended
               drain ID KEY   none | draining | drained | unclear    by the word of the agent;
                              none where there is no such track
               link GROUP N   clear | slow | bad      between a group of agents and member N
               member N       serving | bad           whether it answered a linearizable read
               file PLACE KEY nothing | unlisted | listed by ID | broken: WHY
               age PLACE KEY  fresh | stale           by what the file says of itself
    events   [{"kind": put | delete, "key", "by", "lease", "revision", "at"}, ...]
    faults   [{"kind", "victim", "begin", "end", "keys", "leases", "agent", "turns"}, ...]: the
             keys that a hand has touched; how often the agent was told to read its descriptors
    terms    when a new term of raft was first seen
    delays   [[at, seconds]]: how late the harness was woken, the worst in each slice of time
    trips    [[at, seconds]]: how long etcd took to answer
    leases   lease -> agent id, by the agents' own logs
    claims   [[agent id, key, at]]: the agent said that it is registered
    rests    see rest.py
    deaths   [{"agent", "at", "what"}]: agents that ended, or complained, unasked
"""

import json
import threading

FIELDS = {
    "keys": dict, "agents": dict, "readers": dict, "tracks": dict, "events": list, "faults": list, "terms": list,
    "delays": list, "trips": list, "leases": dict, "claims": list, "rests": list, "deaths": list,
}  # fmt: skip


class History:
    def __init__(self):
        self.begin, self.end = 0.0, 0.0
        self.settings = {}
        for name, kind in FIELDS.items():
            setattr(self, name, kind())
        self._lock = threading.Lock()

    def state(self, track, state, at):
        """From `at` on the track is in this state. Each track has one writer."""
        with self._lock:
            self.tracks.setdefault(track, []).append([at, state])

    def add(self, field, entry):
        with self._lock:
            getattr(self, field).append(entry)

    def write(self, path):
        with self._lock:
            data = {name: getattr(self, name) for name in FIELDS}
            data.update(begin=self.begin, end=self.end, settings=self.settings)
            path.write_text(json.dumps(data))


def read(path):
    history = History()
    for name, value in json.loads(path.read_text()).items():
        setattr(history, name, value)
    return history
