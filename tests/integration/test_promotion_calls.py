# SPDX-License-Identifier: Apache-2.0
"""What the gateway makes of a call whose instance goes: repeated, finished, or said to be lost."""

import signal
import threading
import time

import pytest

from lib.documents import document, entry, write
from lib.outputs import until
from lib.promotion import COUPON, POLICY, STARTS, promotion_in


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """A gateway and a first coupon service; who is listed is written by the tests."""
    with promotion_in(tmp_path_factory.mktemp("calls")) as made:
        made.run_dir.mkdir()
        made.first = made.service()
        made.first.start(wait=False)
        made.api = made.gateway("sidecar").start()
        made.first.said.wait(" listens on ", STARTS)
        yield made


@pytest.fixture
def system(parts):
    """With a second coupon service. Calls go to it alone while both can be reached."""
    api = parts.api
    write(parts, document())
    parts.second = parts.service().start()
    since = api.told
    write(parts, document(entry(parts.first, weight=0), entry(parts.second)))
    for service in (parts.first, parts.second):
        api.said.wait(f"Connected to {COUPON} at {service.address}$", 60, since)
    yield parts
    parts.second.kill()


class InFlight:
    """One API call, sent to the second service while that is stopped, so that it cannot answer."""

    def __init__(self, system, method, body=None):
        self.system, self.request = system, (method, "/coupon-policies", body)
        self.answer = None
        # It has read all that came before, so what waits there afterwards is this call.
        assert system.api.ask("GET", "/coupon-policies")[2] == system.second.address
        system.second.pause()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()
        while waiting_bytes(system.second.port) == 0:
            assert self._thread.is_alive(), "the call did not wait for the service"
            time.sleep(0.005)

    def _ask(self):
        self.answer = self.system.api.ask(*self.request)

    def end(self):
        self._thread.join(90)
        return self.answer


def waiting_bytes(port):
    """How much has come to this port that nobody has read, by the kernel's count."""
    total = 0
    with open("/proc/net/tcp", encoding="ascii") as lines:
        next(lines)
        for line in lines:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port:
                total += int(fields[4].rpartition(":")[2], 16)
    return total


def wait_question(system, noticed):
    """Until the gateway has noticed, and answers so a question, which may be sent again and again."""
    until(lambda: noticed(system.api.ask("GET", "/coupon-policies")))


def test_what_was_not_sent_goes_to_another_instance(system):
    system.second.kill()
    wait_question(system, lambda answer: answer[2] == system.first.address)
    for _ in range(4):
        status, _, instance = system.api.create_policy()
        assert (status, instance) == (201, system.first.address)


def test_nobody_can_be_reached(system):
    write(system, document(entry(system.second)))
    system.second.kill()
    wait_question(system, lambda answer: answer[0] == 503)
    status, answer, _ = system.api.create_policy()
    assert status == 503
    assert answer["message"].startswith(f"{COUPON} at {system.second.address} cannot be reached")


def test_a_drained_instance_answers_what_it_has(system):
    call = InFlight(system, "POST", POLICY)
    since = system.api.told
    write(system, document(entry(system.first)))
    system.api.wait(f"{COUPON} instances changed: 1$", since)
    assert system.api.create_policy()[2] == system.first.address
    system.second.resume()
    status, _, instance = call.end()
    assert (status, instance) == (201, system.second.address)


def test_a_service_that_is_stopped_answers_what_it_has(system):
    call = InFlight(system, "POST", POLICY)
    system.second.signal(signal.SIGTERM)  # it is seen when the service goes on, after the call
    system.second.resume()
    status, _, instance = call.end()
    assert (status, instance) == (201, system.second.address)
    assert system.second.child.wait(60) == 0


def test_a_change_that_was_sent_is_not_repeated(system):
    call = InFlight(system, "POST", POLICY)
    system.second.kill()
    status, answer, _ = call.end()
    assert status == 502
    assert answer["message"].startswith(f"{COUPON} at {system.second.address} went away")


def test_a_question_that_was_sent_is_repeated(system):
    call = InFlight(system, "GET")
    system.second.kill()
    status, _, instance = call.end()
    assert (status, instance) == (200, system.first.address)
