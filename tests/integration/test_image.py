# SPDX-License-Identifier: Apache-2.0
"""The container image, and the life of a pod with it, acted out: lib/image.py says how.

What the pod does is what packaging/kubernetes/sidecar.yaml says: the requests of its probes, its
hook, its limits.
"""

import http.client
import pathlib
import shutil
import signal

import pytest
import yaml

from lib.certs import Authority
from lib.etcd import Etcd
from lib.image import IS_ROOT, PACKAGING, USER, Container, collect, prepare
from lib.names import need_mounts
from lib.ports import free_port

PROGRAM = "/usr/bin/svc-agent"
MANIFEST = list(yaml.safe_load_all((PACKAGING / "kubernetes" / "sidecar.yaml").read_text()))
(SIDECAR,) = MANIFEST[-1]["spec"]["template"]["spec"]["initContainers"]
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return collect(tmp_path_factory.mktemp("image") / "root")


@pytest.fixture
def container(root, tmp_path, closing):
    """Makes a container with these descriptors, which are laid out as those of a ConfigMap."""
    need_mounts()
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
    bundle = "etc/ssl/certs/ca-certificates.crt"
    assert (root / bundle).read_bytes() == pathlib.Path("/", bundle).read_bytes()
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


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def mebibytes(text):
    assert text.endswith("Mi")
    return int(text[:-2]) * MEBIBYTE


def test_the_life_of_a_pod(container, etcd, serve):
    """Listed; all probes pass; the hook withdraws it; the end has nothing left to do."""
    server, port = serve("py"), free_port()
    ((name, _),) = MANIFEST[0]["data"].items()
    text = (
        "service: {name: coupon-service, host: '${POD_IP:?}', port: %d}\n"
        "etcd: {endpoints: '${ETCD_HOSTS:?}'}\n"
        "admin: {listen: '0.0.0.0:%d'}\n"
        "shutdown: {linger: 1s}\n" % (server.port, port)
    )
    made = container({name: text}, {"POD_IP": "192.0.2.1", "ETCD_HOSTS": etcd.endpoint})
    made.start(PROGRAM, "--config", "/etc/svc-agent")
    made.log.wait("Service registered", 60)
    assert f"/services/coupon-service/192.0.2.1:{server.port}" in etcd.get()
    if IS_ROOT:
        assert set(made.status("Uid")) == {str(USER)}
        assert made.status("CapEff") == ["0000000000000000"]

    probes = {kind: SIDECAR[kind]["httpGet"]["path"] for kind in SIDECAR if kind.endswith("Probe")}
    assert set(probes) == {"startupProbe", "livenessProbe", "readinessProbe"}
    for path in probes.values():
        assert get(port, path) == 200, path

    done = made.execute(*SIDECAR["lifecycle"]["preStop"]["exec"]["command"])
    assert done.returncode == 0
    assert etcd.get() == {}
    assert get(port, probes["livenessProbe"]) == 200

    used = {kind: int(made.status(kind)[0]) * 1024 for kind in ("VmRSS", "VmHWM")}
    print({kind: f"{size / MEBIBYTE:.1f} MiB" for kind, size in used.items()})
    assert used["VmRSS"] < mebibytes(SIDECAR["resources"]["requests"]["memory"])
    assert used["VmHWM"] < mebibytes(SIDECAR["resources"]["limits"]["memory"])

    made.signal(signal.SIGTERM)
    assert made.child.wait(60) == 0


def test_the_authorities_of_the_system_are_found(container, serve, tmp_path, closing):
    """For etcd and for the probe: with the one authority of this test."""
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
    made.log.wait("Service registered", 60)
    made.signal(signal.SIGTERM)
    assert made.child.wait(60) == 0
