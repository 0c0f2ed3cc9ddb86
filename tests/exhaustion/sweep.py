# SPDX-License-Identifier: Apache-2.0
"""Every allocation of a life, or of a part of one, fails once."""

import signal
import subprocess
import time

from lib.agent import SANITIZER_REPORT

from memory import ScarceAgent
from scenes import PATIENCE, Admin, Reader, Wrong, until

REFUSED = 70
ENOUGH = 20  # wrong ones, and no more is to be learnt
WAITED_FOR = 40  # so many in a row are half a second without any: then the loop may end, and says so
LOOP_ENDED = "the event loop cannot go on, ended"
AUDITS = 1.0  # seconds, of five of them
LAST = 3  # so many times without a failure: there are no more allocations


class Case:
    def __init__(self, scene, part, at, outcome, complaint="", where="", log=""):
        self.scene, self.part, self.at = scene, part, at
        self.outcome, self.complaint, self.where, self.log = outcome, complaint, where, log


def wait_exit(agent, timeout=PATIENCE):
    try:
        return agent.wait_exit(timeout)
    except subprocess.TimeoutExpired as late:
        raise Wrong(f"it does not end within {timeout:g} s") from late


def check_refused(agent, scene):
    code = wait_exit(agent)
    if agent.log.find("Service registered|reading the service"):
        raise Wrong(f"it was at work, and ended with {code}")
    if code != REFUSED:
        raise Wrong(f"at the start it ended with {code}")
    said = agent.log.lines[-1] if agent.log.lines else ""
    if not said.startswith("svc-agent: ") and LOOP_ENDED not in said:
        raise Wrong("it ended without a sentence")
    if not scene.is_gone():
        raise Wrong("what it registered is left behind")


def is_loaders(agent, code):
    """GnuTLS, which libmicrohttpd and libcurl bring, takes memory in its destructor, when all is done."""
    return code == 127 and agent.log.lines[-1].startswith("cannot allocate memory for thread-local")


def check_end(agent, scene):
    agent.terminate()
    code = wait_exit(agent)
    if code != 0 and not is_loaders(agent, code):
        raise Wrong(f"it ended with {code} at SIGTERM")
    if not scene.is_gone():
        raise Wrong("it has ended and is still listed")


def finish(agent):
    if agent.running:
        agent.signal(signal.SIGKILL)
        agent.child.wait(60)
    agent.log.join()


def judged(scene, part, at, agent, what):
    """Runs what(); the case that it was, or None when nothing has failed."""
    scene.memory.where.write_text("")
    complaint, outcome = "", "went on"
    since = len(agent.log.lines)
    try:
        outcome = what() or outcome
    except (Wrong, AssertionError) as wrong:
        complaint = str(wrong)
    if not agent.running:
        agent.log.join()
    if SANITIZER_REPORT.search(agent.log.text()):
        complaint = f"a sanitizer reported; {complaint}"
    if not complaint and not scene.memory.failed:
        return None
    where = scene.memory.where.read_text()
    return Case(scene, part, at, outcome, complaint, where, "\n".join(agent.log.lines[since:]))


def life(scene, binary, at, length):
    scene.clear()
    scene.memory.forget()
    scene.memory.fail(at, length)
    agent = ScarceAgent(scene.memory, [scene.config], binary)

    def whole():
        until(lambda: not agent.running or scene.is_right(agent), "registered")
        if not agent.running:
            check_refused(agent, scene)
            return "refused"
        check_end(agent, scene)
        return "went on"

    try:
        return judged(scene, "life", at, agent, whole)
    finally:
        finish(agent)


def lives(scene, binary, first, step, length, note):
    """All of them, `step` apart."""
    at, whole, wrong = first, 0, 0
    while whole < LAST and wrong < ENOUGH:
        case = life(scene, binary, at, length)
        whole = whole + 1 if case is None else 0
        wrong += case is not None and case.complaint != ""
        if case is not None:
            note(case)
        at += step
    if not scene.memory.count:
        raise Wrong("no allocation was counted: is the library preloaded?")


# ---- parts of the life of one agent -------------------------------------------------------------

READ_AGAIN = "read the descriptors again"
NOT_READ = "nothing changed"


def reload(scene, agent):
    """It is taken or it is refused, and then taken the next time."""
    for _ in range(2):
        since = len(agent.log.lines)
        agent.signal(signal.SIGHUP)
        agent.log.wait(f"{READ_AGAIN}|{NOT_READ}", PATIENCE, since)
        if agent.log.find(READ_AGAIN, since):
            return
        if agent.log.find(r"yaml:\d", since):
            raise Wrong("the descriptor is blamed")
        scene.memory.relent()
    raise Wrong("the second reload is refused too")


def changed(scene, agent):
    scene.version += 1
    scene.write()
    reload(scene, agent)
    if not isinstance(scene, Reader):
        until(lambda: scene.found() == scene.version, "listed as the new descriptor says")


def added(scene, agent):
    other = scene.config / "b.yaml"
    name = f"{scene.name}-b"
    key = scene.key.replace(scene.name, name)
    other.write_text(scene.text(name))
    reload(scene, agent)
    if not isinstance(scene, Reader):
        until(lambda: scene.etcd.get(key), "the second service is listed")
    other.unlink()
    reload(scene, agent)
    if not isinstance(scene, Reader):
        until(lambda: not scene.etcd.get(key), "the second service is withdrawn")


def lost(scene, agent):
    """What it looks at hangs up, and a few audits go by: whatever is lacking, that is no fault of the service."""
    since = len(agent.log.lines)
    scene.lose()
    time.sleep(AUDITS)
    scene.memory.relent()
    until(lambda: not agent.running or scene.found() == scene.version, "listed")
    if found := agent.log.find("health up -> down|Service deregistered", since):
        raise Wrong(f"a healthy service is taken off the list: {found[0].string}")


def rounds_of(scene):
    parts = {"flip": lambda agent: scene.flip(agent)}
    parts["lost"] = lambda agent: lost(scene, agent)
    parts["changed"] = lambda agent: changed(scene, agent)
    parts["added"] = lambda agent: added(scene, agent)
    if isinstance(scene, Admin):
        for path in ("/healthz", "/readyz", "/status", "/metrics"):
            parts[path] = lambda agent, path=path: scene.request(agent, "GET", path, (200,))

        def drained(agent):
            scene.request(agent, "POST", "/drain", (200, 202))
            until(scene.is_gone, "drained")
            scene.request(agent, "POST", "/resume", (200, 202))
            until(lambda: scene.found() == scene.version, "resumed")

        parts["drain"] = drained
    return parts


def start(scene, binary):
    scene.memory.relent()
    agent = ScarceAgent(scene.memory, [scene.config], binary)
    try:
        until(lambda: scene.is_right(agent), "registered")
    except BaseException:
        finish(agent)
        raise
    return agent


def begin_again(scene, binary, agent):
    """After something was wrong: another agent, and nothing that the one before has left."""
    finish(agent)
    (scene.config / "b.yaml").unlink(missing_ok=True)
    scene.clear()
    return start(scene, binary)


def one_round(scene, part, at, length, agent):
    def once():
        scene.memory.fail(at, length)
        rounds_of(scene)[part](agent)
        if agent.running:
            return "went on"
        code = wait_exit(agent)
        if length < WAITED_FOR or code != REFUSED or not agent.log.find(LOOP_ENDED):
            raise Wrong(f"it has ended with {code}")
        return "ended"

    case = judged(scene, part, at, agent, once)
    scene.memory.relent()
    return case


def rounds(scene, binary, part, first, step, length, note):
    if part == "lost":
        scene.timeout = "1s"  # so that no answer is late as often as it takes
        scene.write()
    agent = start(scene, binary)
    at, whole, wrong = first, 0, 0
    try:
        while whole < LAST and wrong < ENOUGH:
            case = one_round(scene, part, at, length, agent)
            whole = whole + 1 if case is None else 0
            if case is not None:
                note(case)
            wrong += case is not None and case.complaint != ""
            if case is not None and (case.complaint or case.outcome == "ended"):
                agent = begin_again(scene, binary, agent)
            at += step
        last = judged(scene, "end", 0, agent, lambda: check_end(agent, scene))
        if last is not None and last.complaint:
            note(last)
    finally:
        finish(agent)
