# SPDX-License-Identifier: Apache-2.0
"""The container image, acted out: lib/image.py says how."""

import shutil
import signal

import pytest

from lib.certs import Authority
from lib.etcd import Etcd
from lib.image import Container, collect, prepare

PROGRAM = "/usr/bin/svc-agent"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return collect(tmp_path_factory.mktemp("image") / "root")


@pytest.fixture
def container(root, tmp_path, closing):
    """Makes a container with these descriptors, which are laid out as those of a ConfigMap."""
    prepared = tmp_path / "root"
    shutil.copytree(root, prepared, symlinks=True)
    prepare(prepared)

    def make(texts, env=None):
        descriptors, secrets = tmp_path / "descriptors", tmp_path / "secrets"
        version = descriptors / "..2026_11_25"
        version.mkdir(parents=True)
        secrets.mkdir()
        (descriptors / "..data").symlink_to(version.name)
        for name, text in texts.items():
            (version / name).write_text(text)
            (descriptors / name).symlink_to(f"..data/{name}")
        made = Container(prepared, descriptors, secrets, env or {})
        made.close = made.kill
        return closing(made)

    return make


def test_what_is_in_it(root):
    """One program, no shell; everything it needs; small."""
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path.name for path in (root / "usr/bin").iterdir()] == ["svc-agent"]
    executable = {path.name for path in files if path.stat().st_mode & 0o111}
    assert {name for name in executable if ".so" not in name} == {"svc-agent"}
    size = sum(path.stat().st_size for path in files)
    print(f"the image: {size / 1e6:.1f} MB in {len(files)} files")
    assert size < 30e6
    for package in (root / "var/lib/dpkg/status.d").iterdir():
        assert (root / "usr/share/doc" / package.name / "copyright").is_file()


def test_it_runs_as_nobody_on_a_file_system_that_it_cannot_write(container):
    made = container({"a.yaml": "service: {name: a, port: 1}\n"})
    done = made.run(PROGRAM, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("svc-agent ")
    assert made.run("/bin/sh", "-c", "true").returncode == 127


def test_the_authorities_of_the_system_are_found(container, serve, tmp_path, closing):
    """By libcurl for etcd, by OpenSSL for the probe: with the one authority of this test."""
    authority = Authority(tmp_path)
    issued = authority.issue("both")
    etcd = Etcd(tmp_path).secure(issued)
    etcd.close = etcd.stop
    closing(etcd).start()
    server = serve("py", tls=issued)
    text = (
        "service: {name: coupon-service, port: %d}\n"
        "etcd: {endpoints: '%s', tls: {}}\n"
        "probe: {tls: {}}\n" % (server.port, etcd.tls_endpoint)
    )
    made = container({"a.yaml": text})
    bundle = made.root / "etc/ssl/certs/ca-certificates.crt"
    bundle.write_text(authority.cert.read_text())
    made.start(PROGRAM, "--config", "/etc/svc-agent")
    made.log.wait("Service registered", 20)
    made.signal(signal.SIGTERM)
    assert made.child.wait(10) == 0
