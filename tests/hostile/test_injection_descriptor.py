# SPDX-License-Identifier: Apache-2.0
"""Hostile texts in the values of a descriptor and in the environment: refused at their place, or kept as
they are; and files that are none."""

import json
import os
import re
import signal
import socket
import subprocess

import pytest
import yaml

from lib.agent import BINARY, environment, run
from lib.descriptor import descriptor, key_of
from lib.outputs import reader_to, register, until
from lib.texts import BYTES, HOSTILE, harmless

# A key for each kind of text; each has the variable, in the place where %s stands.
KEYS = {
    "service.name": "%s", "service.host": "%s", "service.protocol": "%s", "service.metadata.note": "%s",
    "register.prefix": "%s", "etcd.endpoints": "%s", "etcd.username": "%s", "etcd.password": "%s",
    "etcd.tls.server_name": "%s", "etcd.tls.ca_file": "%s", "probe.type": "%s", "probe.interval": "%s",
    "probe.path": "%s", "log.level": "%s", "admin.listen": "%s",
}  # fmt: skip
WELL = {"service.name": "a", "service.port": 1, "probe.type": "http"}
PLACE = re.compile(r"^[^:]+\.yaml:\d+:\d+: ([a-z_.]+): ")


def text_of(values):
    """Dotted keys and their values as JSON, which is YAML."""
    whole = {}
    for key, value in values.items():
        *sections, last = key.split(".")
        at = whole
        for section in sections:
            at = at.setdefault(section, {})
        at[last] = value
    return json.dumps(whole, indent=1)


def at(whole, key):
    for part in key.split("."):
        whole = whole[part]
    return whole


def check(write, values, text):
    env = {os.fsencode(k): os.fsencode(v) for k, v in environment().items()}
    env[b"HOSTILE"] = text
    done = subprocess.run(
        [BINARY, "check", "--config", write(text_of(values), "h.yaml")], env=env, capture_output=True,
        check=False, timeout=60,
    )  # fmt: skip
    return done.returncode, harmless(done.stdout), harmless(done.stderr)


@pytest.mark.parametrize("name", [*HOSTILE, *(f"bytes-{name}" for name in BYTES)])
def test_a_variable_that_is_hostile(write, name):
    text = BYTES[name[6:]] if name.startswith("bytes-") else HOSTILE[name].encode()
    hostile = {key: form % "${HOSTILE}" for key, form in KEYS.items()}
    code, out, errors = check(write, {**WELL, **hostile}, text)
    assert code == 78 and out == ""
    *problems, last = [line for line in errors.splitlines() if ": warning: " not in line]
    assert last == f"svc-agent: {len(problems)} problem{'s' * (len(problems) > 1)}, nothing started"
    refused = {PLACE.match(line)[1] for line in problems}
    assert {"service.name", "service.host", "probe.type", "log.level"} <= refused
    if name.startswith("bytes-"):
        assert refused >= set(hostile) - {"etcd.password"}

    kept = {key: form for key, form in hostile.items() if key not in refused}
    kept.update({"etcd.username": "u"} if "etcd.password" in kept else {})
    if kept.get("etcd.username", "") != "u":
        kept.pop("etcd.username", None)
    code, out, errors = check(write, {**WELL, **kept}, text)
    if "etcd.password" in kept and code == 78:  # what is said of it never has it
        assert "etcd.password" in errors and "forged" not in errors
        return
    assert code == 0, errors
    told = yaml.safe_load(out)
    for key in set(kept) - {"etcd.password", "etcd.username", "etcd.endpoints"}:
        assert at(told, key).replace("$${", "${").rstrip("/") == text.decode().rstrip("/"), key
    assert "forged" not in json.dumps(at(told, "etcd").get("password", ""))


def test_metadata_is_registered_as_it_was_given(agent, etcd, serve):
    server = serve("go")
    kept = {n: t for n, t in HOSTILE.items() if not re.search("[\x00-\x1f\x7f-\x9f]", t) and n != "long"}
    assert len(kept) >= 15
    names = {name: f'"${{H_{name.upper()}}}"' for name in kept}
    metadata = "{" + ", ".join(f"{name}: {value}" for name, value in names.items()) + "}"
    sidecar = agent(
        descriptor(etcd, server.port, service={"metadata": metadata}),
        env={f"H_{name.upper()}": text for name, text in kept.items()},
    )
    sidecar.wait_log("registered")
    (key, (value, _)), = etcd.get("/").items()  # fmt: skip
    assert key == key_of(server.port)
    assert {k: v for k, v in json.loads(value).items() if k in kept} == kept


# ---- files ------------------------------------------------------------------------------------------


def test_files_that_would_never_end(write, tmp_path, etcd):
    """Each is refused at once, by a start and by each other command."""
    os.mkfifo(tmp_path / "fifo.yaml")
    os.mkfifo(tmp_path / "password")
    socket.socket(socket.AF_UNIX).bind(str(tmp_path / "socket.yaml"))
    with open(tmp_path / "huge.yaml", "wb") as huge:
        huge.truncate(1 << 30)
    secret = write(descriptor(etcd, 1, etcd={"username": "u", "password_file": tmp_path / "password"}))
    for command in ("check", "run"):
        for file, words_of_it in (
            (tmp_path / "fifo.yaml", "is not a regular file"),
            ("/dev/zero", "is not a regular file"),
            (tmp_path / "socket.yaml", "cannot be read: No such device or address"),
            (tmp_path / "huge.yaml", "larger than"),
        ):
            argv = [] if command == "run" else [command]
            done = run(*argv, "--config", file, timeout=60)
            assert done.returncode == 78 and words_of_it in done.stderr, file
    done = run("list", "--config", secret, timeout=60)
    assert done.returncode != 0 and "is not a regular file" in done.stderr


def test_a_reload_that_finds_a_pipe(agent, etcd, serve, tmp_path):
    """A running agent goes on, and says so."""
    server = serve("go")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.yaml").write_text(descriptor(etcd, server.port))
    sidecar = agent(configs=[tmp_path / "d"])
    sidecar.wait_log("Service registered")
    os.mkfifo(tmp_path / "d" / "b.yaml")
    sidecar.signal(signal.SIGHUP)
    sidecar.wait_log("are not sound: nothing changed")
    server.kill()
    sidecar.wait_log("Service deregistered")


def test_a_folder_of_thousands(tmp_path, etcd):
    """Files that are no descriptors are passed over, links are followed, and one that is missing is named."""
    folder = tmp_path / "d"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"{number}.yaml.bak").touch()
    (tmp_path / "real").write_text(descriptor(etcd, 1))
    (folder / "a.yaml").symlink_to(tmp_path / "real")
    assert run("check", "--config", folder).returncode == 0
    (folder / "b.yaml").symlink_to(tmp_path / "nothing")
    (folder / "c.yaml").symlink_to(folder / "c.yaml")
    done = run("check", "--config", folder)
    assert done.returncode == 78
    assert "b.yaml: cannot be read: No such file" in done.stderr
    assert "c.yaml: cannot be read: Too many levels" in done.stderr


def test_an_output_replaces_a_link_and_nothing_behind_it(agent, etcd, tmp_path):
    """In a folder that everybody may write to, what somebody planted there leads nowhere."""
    victim, folder = tmp_path / "victim", tmp_path / "shared"
    victim.write_text("mine")
    folder.mkdir(mode=0o1777)
    (folder / "out.json").symlink_to(victim)
    register(etcd, 50051)
    agent(reader_to(etcd, {"type": "json", "path": folder / "out.json"}))
    until(lambda: not (folder / "out.json").is_symlink())
    assert victim.read_text() == "mine"
    mode = (folder / "out.json").stat().st_mode & 0o7777
    assert mode & ~0o644 == 0, oct(mode)
    assert [each.name for each in folder.iterdir()] == ["out.json"]


def test_a_socket_takes_no_place_of_a_file(agent, etcd, tmp_path):
    """What is no socket stays, what is left of one is taken over; and only its owner may ask."""
    place = tmp_path / "admin"
    place.write_text("mine")
    text = descriptor(etcd, 1, admin={"listen": f"unix:{place}"})
    config = tmp_path / "a.yaml"
    config.write_text(text)
    done = run("--config", config)
    assert done.returncode != 0 and "something that is no socket" in done.stderr
    assert place.read_text() == "mine"
    place.unlink()
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(place))
    left.close()
    running = agent(text)
    running.wait_log("answering about the agent")
    assert place.stat().st_mode & 0o7777 == 0o600
    running.stop()
    assert not place.exists()
