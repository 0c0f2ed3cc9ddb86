# SPDX-License-Identifier: Apache-2.0
"""One agent, its good neighbours, and one hostile service after the other."""

import contextlib
import io
import time

import memory
import orphans
import verdicts
from cases import CASES
from neighbours import Neighbours
from pulse import BOUND, Pulse
from services import UP, Later
from stage import PATIENCE, Hostile, Peers, prepare, wait_down
from lib.agent import Agent
from lib.etcd import Etcd
from lib.ports import free_port
from verdicts import Figure


class Arena:
    def __init__(self, folder, good, hold):
        self.folder, self.hold = folder, hold
        self.etcd = Etcd(folder)
        self.peers = Peers(folder)
        self.neighbours = Neighbours(good)
        self.agent = self.pulse = self.last = None
        self.figures, self.failures, self.cases = {}, [], 0
        self.first, self.again, self.ours = [], [], {}
        self.config = folder / "hostile.yaml"

    # ---- the frame -------------------------------------------------------------------------------

    def start(self, pause=3.0):
        orphans.adopt()
        self.etcd.start()
        self.peers.start()
        self.watch = self.etcd.watch()
        door = free_port()
        configs = [self.folder / f"{each.name}.yaml" for each in self.neighbours.all]
        for config, each in zip(configs, self.neighbours.all):
            admin = {"admin": {"listen": f"127.0.0.1:{door}"}} if config is configs[0] else {}
            config.write_text(each.descriptor(self.etcd, **admin))
        self.warm_up(configs)
        self.pulse = Pulse(self.agent.child.pid, door)
        self.neighbours.start(self.watch, pause, self.pulse.lateness)
        self.pulse.wait_for(20)
        self.begun = time.monotonic()

    def warm_up(self, configs):
        """Starts the agent with an honest server of each kind that it has to be ready for."""
        kinds = ("grpc", "http", "tls", "exec")  # libraries, and leave to run commands
        first = {case.kind: name for name, case in reversed(CASES.items()) if case.kind in kinds}
        honest = []
        prepare([Hostile(name) for name in first.values()], self.folder)
        for name in first.values():
            each = Hostile(name)
            self.peers.tell("honest", each.name, each.port)
            config = self.folder / f"honest-{each.service}.yaml"
            config.write_text(each.descriptor(self.etcd, self.folder, calm=True))
            honest.append((each, config))
        self.config.write_text(honest[0][0].descriptor(self.etcd, self.folder, calm=True))
        self.ours = orphans.left({})
        self.agent = Agent([*configs, *(config for _, config in honest[1:]), self.config])
        for each, _ in honest:
            self.watch.put(each.key, PATIENCE)
        self.pid = self.agent.child.pid
        self.honest = honest

    def end(self):
        for check in (lambda: self.pulse.check(BOUND), self.neighbours.check):
            try:
                check()
            except AssertionError as error:
                self.fail(str(error))
        if wrong := verdicts.wrong_growth(self.first, self.again):
            self.fail(wrong)
        self.seconds = time.monotonic() - self.begun
        for each, _ in self.honest[1:]:
            self.watch.nothing_more(each.key)
        with contextlib.redirect_stdout(io.StringIO()):  # it prints the whole log
            self.failures += self.agent.close()
        self.look_for_orphans()

    def look_for_orphans(self):
        """Whatever a command does, it ends before the agent, or soon after it by itself."""
        end = time.monotonic() + PATIENCE
        while (left := orphans.left(self.ours)) and time.monotonic() < end:
            time.sleep(0.05)
        orphans.end(left)
        if left:
            self.fail(f"commands outlive the agent: {left}")

    def close(self):
        if self.pulse:
            self.pulse.stop()
        self.neighbours.close()
        for process in (self.agent, self.peers, self.etcd):
            if process is not None:
                process.kill()

    def fail(self, what):
        said = self.agent.log.lines[-40:] if self.agent else []
        self.failures.append("\n    ".join([what.splitlines()[0], *said]))

    # ---- a case ----------------------------------------------------------------------------------

    def play(self, name):
        """All of a case: hostile and judged, held, measured, honest and listed."""
        hostile = Hostile(name)
        before = memory.resident(self.pid), *memory.processor(self.pid), time.monotonic()
        memory.forget_peak(self.pid)
        self.peers.tell("hostile", name, hostile.port)
        self.reload(hostile)
        if self.last:  # its service is no more in the descriptors
            self.watch.gone(self.last.key, PATIENCE)
            self.peers.tell("nobody", self.last.name, self.last.port)
        self.judge(hostile)
        time.sleep(max(0.0, self.hold - (time.monotonic() - before[3])))
        self.measure(name, *before)
        if hostile.case.outcome is not UP:  # else a moment without a listener would be its end
            self.peers.tell("honest", name, hostile.port)
            self.watch.put(hostile.key, PATIENCE)
        if not isinstance(hostile.case.outcome, Later):
            self.watch.nothing_more(hostile.key)
        if hostile.case.kind == "exec":
            self.pulse.excuse(before[3])  # who starts a child waits until that has a processor
        self.cases += 1
        self.last = hostile
        assert self.neighbours.failure is None, f"{name}: {self.neighbours.failure}"

    def reload(self, hostile):
        fresh = self.config.with_suffix(".new")
        fresh.write_text(hostile.descriptor(self.etcd, self.folder))
        fresh.replace(self.config)
        self.said = len(self.agent.log.lines)
        self.agent.signal(1)

    def judge(self, hostile):
        outcome, service = hostile.case.outcome, hostile.service
        if outcome is UP or isinstance(outcome, Later):
            self.watch.put(hostile.key, PATIENCE)
        if isinstance(outcome, Later):
            pattern = rf"health up -> down service={service} reason=({outcome.reasons})( |$)"
            self.agent.wait_log(pattern, PATIENCE, self.said)
            self.watch.gone(hostile.key, PATIENCE)
        elif outcome is not UP:
            wait_down(self.agent, service, outcome, self.said)

    def share(self, used, waited, since):
        now = time.monotonic()
        return verdicts.share(used, waited, now - since, self.pulse.lateness.most(since, now))

    def measure(self, name, resident, used, waited, since):
        used_now, waited_now = memory.processor(self.pid)
        figure = Figure(
            memory.peak(self.pid) - resident,
            memory.own(self.pid),
            self.share(used_now - used, waited_now - waited, since),
            self.pulse.worst(since).own,
        )
        (self.again if name in self.figures else self.first).append(figure.own)
        worst = self.figures.get(name, figure)
        self.figures[name] = Figure(*(max(pair) for pair in zip(worst, figure)))
        for wrong in verdicts.wrong_figure(figure):
            self.fail(f"{name}: {wrong}")

    # ---- what there is to say --------------------------------------------------------------------

    def report(self):
        lines = [f"{'case':34} {'KiB more':>9} {'KiB own':>8} {'processor':>10} {'/healthz':>9}"]
        for name, f in self.figures.items():
            lines.append(
                f"{name:34} {f.peak:9} {f.own:8} {f.processor:10.3f} {f.beat * 1e3:6.1f} ms"
            )
        beats = len(self.pulse.beats) if self.pulse else 0
        if self.again:
            more = verdicts.grown(self.first, self.again)
            lines.append(f"{more} KiB of its own more at the end than in the first round")
        lines.append(
            f"{self.cases} cases in {getattr(self, 'seconds', 0.0):.0f} s; "
            f"{self.neighbours.flips} flips of good services followed, the slowest after "
            f"{self.neighbours.latest * 1e3:.0f} ms; {beats} answers of /healthz"
        )
        if beats:
            worst = self.pulse.worst()
            lines.append(f"the slowest took {worst.own * 1e3:.1f} ms of the agent, {worst.took * 1e3:.1f} ms in all")
        lines += [f"FAILED: {what}" for what in self.failures] or ["all is well"]
        return "\n".join(lines)
