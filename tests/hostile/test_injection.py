# SPDX-License-Identifier: Apache-2.0
"""What somebody else has written into etcd, or a program has said, is a value wherever it comes out."""

import json
import subprocess
import urllib.request

import pytest

from lib.agent import BINARY, environment, run
from lib.descriptor import NAME, descriptor
from lib.haproxy import HAProxy
from lib.metrics import promtool
from lib.nginx import Nginx
from lib.outputs import reader_to, register, until, words
from lib.ports import free_port
from lib.reader import PREFIX, value
from lib.texts import BYTES, HOSTILE, fields_of, harmless, on_terminal

# The fields that lines of the log may have in these tests, also on a machine that stands still for a while.
FIELDS = {
    "service", "key", "more", "instances", "endpoints", "listen", "signal", "services", "prefix",
    "added", "removed", "changed", "revision", "reason", "took", "passes", "fails", "of", "for", "after",
    "lease", "ttl", "tries", None, "detail", "settings", "probe", "interval", "from", "gap", "gone",
    "last_renewed_before",
}  # fmt: skip


# Those that can be a protocol; and how many instances there are in all.
WORDS = [t for t in HOSTILE.values() if len(t) <= 64 and all(" " < sign <= "~" for sign in t)]
INSTANCES = 2 * len(HOSTILE) + len(WORDS)


def fill(etcd):
    """Instances that are some, with a hostile text as metadata, and keys that are none."""
    for number, (name, text) in enumerate(HOSTILE.items()):
        port = 1000 + number
        etcd.put(f"{PREFIX}127.0.0.1:{port}", value(port, "127.0.0.1", region=text, **{text: text}))
        etcd.put(f"{PREFIX}host-{name}", value(1, text))
        etcd.put(f"{PREFIX}protocol-{name}", value(1, "127.0.0.3", protocol=text))
        etcd.put(f"{PREFIX}{text}", "{")
        etcd.put(f"{PREFIX}key-{text}", value(port, "127.0.0.2"))
    for name, octets in BYTES.items():
        etcd.put(PREFIX.encode() + octets, b'{"host":"10.9.9.9","port":1}')
        etcd.put(f"{PREFIX}bytes-{name}", b'{"host":"127.0.0.1","port":1,"a":"' + octets + b'"}')


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return answer.read().decode()


@pytest.fixture
def filled(etcd):
    fill(etcd)
    return etcd


def truth(instances):
    """port -> metadata of the first sort of instances."""
    return {i["port"]: i["metadata"] for i in instances if i["host"] == "127.0.0.1"}


EXPECTED = {
    1000 + number: {"region": text, text: text} for number, text in enumerate(HOSTILE.values())
}


def test_list_on_a_terminal(filled):
    """All of it is a table, or JSON, and the rest is the log's."""
    table = on_terminal([BINARY, "list", "-e", filled.endpoint], environment())
    lines = harmless(table, coloured=True).splitlines()
    assert sum(line.startswith(NAME) for line in lines) == INSTANCES
    for line in lines:
        if not line.startswith((NAME, "SERVICE ")):
            message, fields = fields_of(line)
            assert "passed over" in message and set(fields) <= {"key", None}, line

    shown = on_terminal([BINARY, "list", "-e", filled.endpoint, "-o", "json"], environment())
    rows = [json.loads(line) for line in harmless(shown).splitlines() if line.startswith("{")]
    assert truth(row["instance"] for row in rows) == EXPECTED


def test_watch_on_a_terminal(filled):
    for style in ("table", "json"):
        seen = on_terminal(
            [BINARY, "watch", "-e", filled.endpoint, "-o", style, NAME], environment(),
            until=lambda seen: seen.count(b"127.0.0.") >= INSTANCES,
        )  # fmt: skip
        whole = seen[: seen.rindex(b"\n")]
        for line in harmless(whole, coloured=True).splitlines():
            if style == "json" and line.startswith("{"):
                assert json.loads(line)["service"] == NAME
            elif "passed over" in line:
                fields_of(line)
            else:
                assert style == "table" and (f" now     {NAME} " in line), line


@pytest.mark.parametrize("form", ["text", "json"])
def test_every_output_and_the_log(filled, agent, tmp_path, closing, form):
    """What each of the programs that read them makes of it."""
    nginx = closing(Nginx(tmp_path))
    proxy = closing(HAProxy(tmp_path, "server static 127.0.0.1:1 disabled"))
    proxy.start()
    document, envoy, ran = (tmp_path / name for name in ("d.json", "e.json", "ran"))
    port = free_port()
    reading = agent(
        reader_to(
            filled,
            {"type": "json", "path": document},
            {"type": "envoy", "path": envoy, "cluster": "coupon"},
            {"type": "nginx", "path": nginx.upstream, "upstream": NAME, "reload": words("true")},
            {"type": "haproxy", "socket": proxy.socket, "backend": "coupon"},
            {"type": "exec", "command": words("/bin/sh", "-c", f"cat > {ran}.new; mv {ran}.new {ran}")},
        )
        + f"admin: {{listen: 127.0.0.1:{port}}}\nlog: {{format: {form}, level: debug}}\n"
    )
    until(lambda: all(f.exists() for f in (document, envoy, ran, nginx.upstream)))
    until(lambda: len(proxy.serving()) == len(HOSTILE) + 1)  # by port
    # What began with less than all of it is written again.
    until(lambda: len(json.loads(ran.read_text())["instances"]) == INSTANCES)
    for file in (document, ran):
        assert truth(json.loads(harmless(file.read_bytes()))["instances"]) == EXPECTED

    regions = {e["locality"].get("region") for e in json.loads(envoy.read_text())["resources"][0]["endpoints"]}
    assert set(HOSTILE.values()) <= regions

    nginx.test()
    dump = subprocess.run(nginx.command("-T"), capture_output=True, text=True, check=True, timeout=60)
    assert "forged" not in dump.stdout
    assert dump.stdout.count("\tserver 127.0.0.") == INSTANCES

    wanted = {f"svc-127.0.0.{1 + i}:{1000 + n}" for n in range(len(HOSTILE)) for i in range(2)}
    assert set(proxy.servers()) - {"static"} == wanted | {"svc-127.0.0.3:1"}

    assert promtool(get(port, "/metrics")) == ""
    status = json.loads(harmless(get(port, "/status")))
    assert status["readers"][0]["instances"] == INSTANCES
    reading.stop()
    for line in reading.log.text().splitlines():
        message, fields = fields_of(harmless(line))
        assert set(fields) <= FIELDS and not message.startswith("forged"), line


# What a program has been given, as JSON.
TELL = """
import json, os, stat, sys
def there(fd):
    try:
        return bool(os.fstat(fd))
    except OSError:
        return False
found = {"argv": sys.argv, "environ": dict(os.environ), "open": [fd for fd in range(1024) if there(fd)]}
json.dump(found, open(sys.argv[1], "w"))
"""


def probing(etcd, script, *more, name=NAME, **sections):
    return descriptor(
        etcd, 1, name, service={"host": "127.0.0.1"},
        probe={"type": "exec", "command": words("/bin/sh", "-c", script, *more), "failure_threshold": 1,
               "interval": "8s", "timeout": "8s"},
        **sections,
    )  # fmt: skip


def said():
    """Each text as the last line that a program says, as far as a line goes."""
    for text in [text.encode() for text in HOSTILE.values()] + list(BYTES.values()):
        yield text.split(b"\n")[-1]


def test_what_a_program_says_on_a_terminal(write, etcd, tmp_path):
    """`probe` shows the last line of a program that fails, and all of its texts are data."""
    configs = []
    for number, octets in enumerate(said()):
        file = tmp_path / f"said{number}"
        file.write_bytes(octets)
        configs += ["--config", write(probing(etcd, 'cat "$0"; exit 1', file, name=f"said-{number}"))]
    seen = on_terminal([BINARY, "probe", *configs], environment())
    lines = harmless(seen).splitlines()
    assert len(lines) == len(configs) // 2
    assert all(line.startswith("said-") and " EXEC_FAILED in " in line for line in lines), seen


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_a_program_says_in_the_log_and_the_status(agent, etcd, tmp_path, form):
    file, port = tmp_path / "said", free_port()
    file.write_bytes(b"nothing")
    probed = agent(probing(
        etcd, 'cat "$0"; exit 1', file, log={"format": form, "level": "debug"},
        admin={"listen": f"127.0.0.1:{port}"},
    ).replace("interval: 8s", "interval: 100ms"))  # fmt: skip
    for number, octets in enumerate(said()):
        mark = f"mark{number} ".encode()
        file.with_suffix(".new").write_bytes(mark + octets)
        file.with_suffix(".new").replace(file)
        probed.wait_log(f"mark{number} ")
        json.loads(harmless(get(port, "/status")))
        assert promtool(get(port, "/metrics")) == ""
        shown = on_terminal([BINARY, "status", "--admin", f"127.0.0.1:{port}"], environment())
        assert "forged" in harmless(shown, coloured=True)
    probed.stop()
    warned, *lines = probed.log.text().splitlines()
    assert "probe.timeout: warning: " in warned
    for line in lines:
        message, fields = fields_of(harmless(line))
        assert set(fields) <= FIELDS and "forged" not in message, line


def test_an_instance_is_under_one_service_alone(agent, etcd, document):
    """A / in a key does not make it another service's, and a key of another is not ours."""
    etcd.put("/services/coupon-service-2/localhost:1", value(1))
    etcd.put("/services/coupon-service", value(2))
    etcd.put("/services/coupon-servicf/localhost:1", value(3))
    register(etcd, 50051)
    written = document()
    agent(reader_to(etcd, {"type": "json", "path": written.path}))
    until(written.path.exists)
    found = json.loads(written.path.read_text())
    assert [i["port"] for i in found["instances"]] == [50051]


def test_what_an_agent_runs_has_none_of_its_secrets(agent, etcd, write, tmp_path):
    """Neither in its arguments, nor in its environment, nor open. Nor has the agent's own command line."""
    out = tmp_path / "seen"
    running = agent(
        descriptor(etcd, 1, probe={"type": "exec", "command": words("/usr/bin/python3", write(TELL, "tell.py"), out)}),
        env={"ETCD_PASSWORD": "tell-nobody", "SECRET": "tell-nobody"})
    running.wait_health("unknown -> up")
    seen = json.loads(out.read_text())
    assert "tell-nobody" not in json.dumps(seen)
    assert seen["argv"][1:] == [str(out)] and seen["open"] == [0, 1, 2]
    assert set(seen["environ"]) <= {"PATH", "HOME", "LANG", "TZ", "SVC_AGENT_SERVICE", "LC_CTYPE"}
    with open(f"/proc/{running.child.pid}/cmdline", "rb") as argv:
        assert b"tell-nobody" not in argv.read()


def test_check_with_a_name_of_a_file_that_goes_on(write, etcd, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a\nforged: 1\n\x1b[2J\u202e.yaml").write_text(descriptor(etcd, 1))
    shown = run("check", "--config", tmp_path / "d")
    assert shown.returncode == 0
    assert "\nforged" not in harmless(shown.stdout)
