# SPDX-License-Identifier: Apache-2.0
"""Libraries that not every agent needs: who does not need one starts without it."""

import pathlib
import re
import signal

import pytest

from lib.agent import BINARY, run
from lib.descriptor import descriptor, key_of

# Its name in a SONAME, a descriptor that needs it, and what is said then.
NEEDS = {
    "microhttpd": ({"admin": {"listen": "unix:@DIR@/admin.sock"}}, "admin.listen needs lib"),
    "curl": ({"probe": {"type": "http", "path": "/"}}, "HTTP needs lib"),
    "ssl": ({"probe": {"tls": "{insecure_skip_verify: true}"}}, "TLS needs lib"),
}


def soname_of(library):
    """As the note of the program's file has it."""
    with open(BINARY, "rb") as program:
        return re.search(rb'"soname":\["(lib%b\.so[^"]*)"' % library.encode(), program.read())[1].decode()


@pytest.fixture
def broken(tmp_path):
    """An environment in which the loader finds a file that is no library where one should be."""

    def make(*libraries):
        folder = tmp_path / "broken"
        folder.mkdir(exist_ok=True)
        for library in libraries:
            (folder / soname_of(library)).write_text("no library")
        return {"LD_LIBRARY_PATH": str(folder)}

    return make


@pytest.mark.parametrize("library", NEEDS)
def test_one_that_is_needed_cannot_be_loaded(library, broken, write, tmp_path):
    sections, said = NEEDS[library]
    text = descriptor("[127.0.0.1:1]", 1, **sections).replace("@DIR@", str(tmp_path))
    ran = run("--config", write(text), env=broken(library))
    assert ran.returncode == 70, ran.stderr
    said = rf"svc-agent: {said}{library}\.so\.\d+, which cannot be loaded: .*: file too short"
    assert re.search(said, ran.stderr), ran.stderr


@pytest.mark.parametrize("command", ["probe", "doctor"])
def test_a_command_needs_one_that_cannot_be_loaded(command, broken, write):
    ran = run(command, "--config", write(descriptor("[127.0.0.1:1]", 1, **NEEDS["curl"][0])),
              env=broken("curl"))
    assert ran.returncode == 70, ran.stderr
    assert "svc-agent: HTTP needs libcurl.so." in ran.stderr


def test_a_reload_needs_one_that_cannot_be_loaded(broken, etcd, serve, agent, tmp_path):
    server, config = serve(), tmp_path / "a.yaml"
    key, watch = key_of(server.port), etcd.watch()
    config.write_text(descriptor(etcd, server.port))
    running = agent(configs=[str(config)], env=broken("ssl"))
    watch.put(key)
    config.write_text(descriptor(etcd, server.port, **NEEDS["ssl"][0]))
    running.signal(signal.SIGHUP)
    running.wait_log("cannot take the new descriptors, nothing changed: TLS needs libssl.so.")
    watch.nothing_more(key)


def test_who_needs_none_of_them_has_none(broken, etcd, serve, agent):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    running = agent(descriptor(etcd, server.port), env=broken(*NEEDS))
    watch.put(key)
    maps = pathlib.Path(f"/proc/{running.child.pid}/maps").read_text()
    assert "libnghttp2" in maps
    assert not re.search("lib(curl|ssl|crypto|microhttpd|gnutls)", maps), maps
