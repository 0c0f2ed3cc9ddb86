# SPDX-License-Identifier: Apache-2.0
"""`status`, `drain` and `resume` against an agent that is played: whatever one may answer."""

import json
import os
import pty
import subprocess

import pytest

from lib.agent import BINARY, SANITIZERS, environment, run
from lib.ports import free_port
from lib.status import (
    DRAINED, DRAINING, READER, WITHDRAWING, PlayedAdmin, service, status,
)  # fmt: skip

DONE, NO, AWAY, CONFIG = 0, 1, 75, 78


@pytest.fixture
def play(closing):
    """Plays an admin: play(answer, ...)."""
    return lambda *answers, **where: closing(PlayedAdmin(*answers, **where))


def on_terminal(*words, **env):
    """What a terminal of the usual kind is sent."""
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [BINARY, *words], stdin=slave, stdout=slave, stderr=subprocess.PIPE,
        env={**environment(env)},
    )  # fmt: skip
    os.close(slave)
    sent = b""
    try:
        while piece := os.read(master, 65536):
            sent += piece
    except OSError:
        pass  # that is how a terminal's end is told
    os.close(master)
    assert child.wait(60) == DONE, child.stderr.read()
    child.stderr.close()
    return sent.decode().replace("\r\n", "\n")


def test_a_table(play):
    shown = run("status", "--admin", play(status(service(), readers=[READER])).address)
    assert shown.returncode == DONE
    assert shown.stderr == ""
    assert shown.stdout == (
        "SERVICE         ADDRESS          HEALTH  FOR  LISTED  LEFT  LEASE\n"
        "coupon-service  localhost:50051  up      61s  yes     9s    694d9aabd4b5c20a\n"
        "\n"
        "FOLLOWS        INSTANCES  STATE    OUTPUTS\n"
        "point-service  2          current  1 well\n"
        "\n"
        "svc-agent 1.2.3, up 5s: 2 of 2 at their goal, etcd localhost:2379\n"
    )


def test_json_is_the_document(play):
    document = status(service(at_goal=False))
    shown = run("status", "-o", "json", "--admin", play(document).address)
    assert shown.returncode == NO
    assert json.loads(shown.stdout) == document


def test_the_exit_status_is_about_those_that_are_named(play):
    document = status(service(), service(name="b", at_goal=False), readers=[READER])
    address = play(document).address
    for names, code in (([], NO), (["coupon-service"], DONE), (["b"], NO),
                        (["point-service", "coupon-service"], DONE)):  # fmt: skip
        shown = run("status", *names, "--admin", address)
        assert shown.returncode == code
        assert ("FOLLOWS" in shown.stdout) == (names == [] or "point-service" in names)
    shown = run("status", "b", "c", "--admin", address)
    assert shown.returncode == NO
    assert shown.stdout == ""
    assert shown.stderr == "svc-agent: the agent has no service 'c'\n"


def test_an_agent_that_is_ending_is_not_at_its_goal(play):
    assert run("status", "--admin", play(status(service(), leaving=True)).address).returncode == NO


def test_colour_is_for_terminals_that_want_it(play):
    words = ["status", "--admin", play(status(service())).address]
    plain = run(*words).stdout
    coloured = plain.replace("up    ", "\033[32mup\033[0m    ", 1)
    coloured = coloured.replace("yes", "\033[32myes\033[0m")
    assert on_terminal(*words, TERM="xterm") == coloured
    assert on_terminal(*words, TERM="xterm", NO_COLOR="") == coloured
    for env in ({"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}, {}):
        assert on_terminal(*words, **env) == plain


def test_nothing_steers_the_terminal(play):
    document = status(service(name="\033[2J", health="down", sentence="\033]0;\007"))
    assert "\033[2J" not in on_terminal("status", "--admin", play(
        status(service(name="\033[2J"))).address, TERM="xterm")
    for words in (["status"], ["drain"], ["resume"], ["drain", "x\033y"]):
        shown = run(*words, "--admin", play(document).address)
        assert "\033" not in shown.stdout + shown.stderr.replace("x\033y", "")


def test_drain_says_how_far_it_is(play):
    admin = play(status(service(**WITHDRAWING), service(name="b", port=7, **DRAINED)))
    shown = run("drain", "--admin", admin.address)
    assert shown.returncode == DONE
    assert shown.stdout == (
        "coupon-service at localhost:50051: withdrawing\nb at localhost:7: drained\n")
    assert admin.asked == ["POST /drain"]


def test_names_are_sent_as_they_are(play):
    admin = play(status(service(**WITHDRAWING), service(name="b&service=c d", **WITHDRAWING)))
    shown = run("drain", "coupon-service", "b&service=c d", "--admin", admin.address)
    assert shown.returncode == DONE
    assert admin.asked == ["POST /drain?service=coupon-service&service=b%26service%3Dc%20d"]


def test_drain_waits_for_all_that_it_names(play):
    other = service(name="other")
    admin = play(
        status(service(**WITHDRAWING), other),
        status(service(**WITHDRAWING), other),
        status(service(**DRAINING), other),
        status(service(**{**DRAINING, "linger_left": 0.1}), other),
        status(service(**{**DRAINED, "health": "down"}), other),
    )
    shown = run("drain", "--wait", "coupon-service", "--admin", admin.address)
    assert shown.returncode == DONE
    assert shown.stdout == "coupon-service at localhost:50051: drained\n"
    assert shown.stderr == (
        "waiting for coupon-service at localhost:50051: withdrawing\n"
        "waiting for coupon-service at localhost:50051: draining\n")
    assert admin.asked == ["POST /drain?service=coupon-service"] + ["GET /status"] * 4


def test_a_retiring_one_is_waited_for_until_it_has_gone(play):
    gone = service(**DRAINED)
    admin = play(status(gone, service(retiring=True, drained=False)), status(gone))
    shown = run("drain", "--wait", "--admin", admin.address)
    assert shown.returncode == DONE
    assert shown.stderr == "waiting for coupon-service at localhost:50051: retiring\n"


def test_what_a_reload_takes_away_has_gone(play):
    admin = play(status(service(**WITHDRAWING)), status())
    shown = run("drain", "coupon-service", "--wait", "--admin", admin.address)
    assert shown.returncode == DONE
    assert len(admin.asked) == 2


def test_nobody_waits_for_what_was_resumed(play):
    admin = play(status(service(**WITHDRAWING)), status(service()))
    shown = run("drain", "--wait", "--admin", admin.address)
    assert shown.returncode == NO
    assert shown.stderr.endswith("svc-agent: coupon-service was resumed meanwhile\n")


def test_an_agent_that_ends_meanwhile(play):
    shown = run("drain", "--wait", "--admin", play(status(service(**WITHDRAWING)), None).address)
    assert shown.returncode == AWAY
    assert "svc-agent: the agent has ended meanwhile: " in shown.stderr


def test_resume(play):
    admin = play(status(service(state="none"), service(name="b", health="down")))
    shown = run("resume", "--admin", admin.address)
    assert shown.returncode == DONE
    assert shown.stdout == (
        "coupon-service at localhost:50051: resumed\n"
        "b at localhost:50051: resumed, but not healthy\n")
    assert admin.asked == ["POST /resume"]


@pytest.mark.parametrize("code, exit_code", ((403, NO), (404, NO), (500, AWAY), (301, AWAY)))
def test_a_refusal_is_passed_on(play, code, exit_code):
    shown = run("drain", "--wait", "--admin", play((code, "because \033[2J\nof\n")).address)
    assert shown.returncode == exit_code
    assert shown.stderr == f"svc-agent: the agent answers with {code}: because ?[2J\n"


@pytest.mark.parametrize("answer", (
    (200, "ok\n"),
    (200, "{}\n"),
    {**status(), "schema_version": 2},
    {**status(), "services": [{"name": "a"}]},
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
))  # fmt: skip
def test_what_is_no_status_is_refused(play, answer):
    for words in (["status"], ["drain", "--wait"], ["status", "-o", "json"]):
        shown = run(*words, "--admin", play(answer).address)
        assert shown.returncode == AWAY
        assert shown.stdout == ""
        assert shown.stderr.startswith("svc-agent: ")
        assert shown.stderr.count("\n") == 1


def test_an_answer_without_an_end_is_left(play):
    endless = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (17 << 20)
    shown = run("status", "--admin", play(endless).address)
    assert shown.returncode == AWAY
    assert shown.stderr == "svc-agent: the answer is longer than 16777216 bytes\n"


def test_where_the_agent_is(play, write, tmp_path):
    admin = play(status(), path=tmp_path / "admin.sock")
    assert run("status", "--admin", admin.address).returncode == DONE
    text = "service: {{name: a, port: 1}}\nadmin: {{listen: '{}'}}\n"
    silent = write("service: {name: b, port: 2}\n")
    named = write(text.format(admin.address))
    assert run("status", "-c", silent, "-c", named).returncode == DONE

    everywhere = play(status(), host="0.0.0.0")
    assert run("status", "--admin", everywhere.address).returncode == DONE
    assert run("status", "-c", write(text.format(everywhere.address))).returncode == DONE

    assert run("status", "-c", write("service: {name: a}\n")).returncode == CONFIG


def test_no_agent(write, tmp_path):
    shown = run("status", "--admin", f"unix:{tmp_path}/none")
    assert shown.returncode == AWAY
    assert shown.stderr == (
        f"svc-agent: no agent answers: nothing listens on unix:{tmp_path}/none "
        "(set admin.listen; --admin or --config says where)\n")
    port = free_port()
    for words in (["drain", "--wait"], ["resume"]):
        shown = run(*words, "--admin", f"127.0.0.1:{port}")
        assert shown.returncode == AWAY
        assert f"nothing listens on 127.0.0.1:{port} (set" in shown.stderr

    shown = run("drain", "-c", write("service: {name: a, port: 1}\n"))
    assert shown.returncode == AWAY
    assert "unix:/run/svc-agent/admin.sock" in shown.stderr


def test_no_agent_at_an_address():
    """It is looked at once more then: its place on the stack must not be given back before."""
    port = free_port()
    after = {"ASAN_OPTIONS": f"{SANITIZERS['ASAN_OPTIONS']}:detect_stack_use_after_return=1"}
    for host in ("127.0.0.1", "localhost"):
        shown = run("status", "--admin", f"{host}:{port}", env=after)
        assert shown.returncode == AWAY
        assert f"nothing listens on {host}:{port} " in shown.stderr

