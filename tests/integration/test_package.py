# SPDX-License-Identifier: Apache-2.0
"""The Debian package: what is in it, what its scripts do, and what its units allow.

It is built by the fixture of ctest. Here it is installed below a folder, without its dependencies
and without a system; tests/packaging/run does the same in a Debian of its own that systemd runs.
"""

import os
import pathlib
import re
import signal
import subprocess

import pytest

import lib.agent
from lib.descriptor import NAME, descriptor
from lib.lines import Lines
from lib.needs import need_tracing
from lib.process import Process
from lib.reader import reader

ROOT = pathlib.Path(__file__).parents[2]
BUILT = pathlib.Path(os.environ.get("SVC_PACKAGE", "."))
UNITS = ("svc-agent.service", "svc-agent@.service")
MODES = {"d": "drwxr-xr-x", "p": "-rwxr-xr-x", "f": "-rw-r--r--"}


def said(*words, **options):
    """What a program says on standard output; it must end with 0."""
    done = subprocess.run(
        [str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=900, check=False, **options,
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == 0, f"{words[0]} said {done.returncode}"
    return done.stdout


@pytest.fixture(scope="module", name="deb")
def the_package():
    (found,) = BUILT.glob("svc-agent_*.deb")
    return found


@pytest.fixture(scope="module")
def unpacked(deb, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    said("dpkg-deb", "--extract", deb, folder)
    return folder


def listed(deb):
    """path -> (mode, owner) of all that the package holds."""
    found = {}
    for line in said("dpkg-deb", "--contents", deb).splitlines():
        mode, owner, _, _, _, path = line.split(maxsplit=5)
        found[path.removeprefix(".")] = (mode, owner)
    return found


# ---- what is in it ----------------------------------------------------------------------------


def test_lintian_finds_nothing(deb):
    as_root = ["--allow-root"] if os.geteuid() == 0 else []
    assert said("lintian", *as_root, "--fail-on", "error,warning", deb).strip() == ""


def test_the_files(deb):
    found = listed(deb)
    doc = "/usr/share/doc/svc-agent"
    wanted = {
        "/usr/bin/svc-agent", "/usr/lib/sysusers.d/svc-agent.conf", "/etc/svc-agent/",
        f"{doc}/copyright", f"{doc}/changelog.gz", f"{doc}/changelog.Debian.gz",
        "/usr/share/man/man8/svc-agent.8.gz", "/usr/share/man/man5/svc-agent.yaml.5.gz",
        "/usr/share/bash-completion/completions/svc-agent",
        "/usr/share/zsh/vendor-completions/_svc-agent",
        "/usr/share/fish/vendor_completions.d/svc-agent.fish",
        "/usr/share/bash-completion/completions/svc-agent",
        "/usr/share/zsh/vendor-completions/_svc-agent",
        "/usr/share/fish/vendor_completions.d/svc-agent.fish",
        *(f"/lib/systemd/system/{unit}" for unit in UNITS),
        *(f"{doc}/conf/{one.name}" for one in (ROOT / "conf").iterdir()),
    }  # fmt: skip
    assert wanted <= set(found)
    assert not [path for path in found if path.endswith("LICENSE")]
    for path, (mode, owner) in found.items():
        kind = "d" if path.endswith("/") else "p" if path.startswith("/usr/bin/") else "f"
        assert (mode, owner) == (MODES[kind], "root/root"), path


def test_the_dependencies(deb, unpacked):
    """Every library that it is linked with, or may load, comes from a package that it depends on."""
    fields = said("dpkg-deb", "--field", deb, "Depends")
    depends = {one.split()[0] for one in fields.split(",")}
    linked = said("objdump", "-p", unpacked / "usr/bin/svc-agent")
    loaded = {"libcurl4", "libmicrohttpd12", "libseccomp2", "libssl3"}
    assert len(re.findall(r"NEEDED", linked)) + len(loaded) >= len(depends) > 5
    assert loaded <= depends


# ---- its scripts ------------------------------------------------------------------------------


class Root:
    """A folder that dpkg takes for the root of a system, as root or as if."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("etc", "tmp", "var/lib/dpkg/info", "var/lib/dpkg/updates"):
            (folder / name).mkdir(parents=True)
        (folder / "var/lib/dpkg/status").touch()
        (folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        (folder / "etc/group").write_text("root:x:0:\n")
        (folder / "etc/shadow").touch()

    def dpkg(self, *words):
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        return said(
            "fakeroot", "dpkg", f"--root={self.folder}", "--force-script-chrootless",
            "--force-depends", "--log=/dev/null", *words, env={**os.environ, "PATH": path},
        )  # fmt: skip

    def files(self):
        """All but what dpkg and those who keep users write for themselves."""
        own = re.compile(r"var/lib/dpkg/|etc/(\.pwd\.lock|g?shadow-?|passwd-|group-)$")
        found = (str(p.relative_to(self.folder)) for p in self.folder.rglob("*") if not p.is_dir())
        return {path for path in found if not own.match(path)}

    def users(self):
        return [(self.folder / "etc" / name).read_text() for name in ("passwd", "group")]


def test_a_life_of_the_package(deb, tmp_path):
    root = Root(tmp_path / "root")
    before = root.files(), root.users()
    root.dpkg("--install", deb)
    assert all("svc-agent:" in text for text in root.users())
    links = root.folder / "etc/systemd/system/multi-user.target.wants"
    assert not links.exists()  # nothing is enabled

    # What a person does then.
    (root.folder / "etc/svc-agent/coupon.yaml").write_text("service: {name: a, port: 1}\n")
    links.mkdir(parents=True)
    (links / "svc-agent.service").symlink_to("/lib/systemd/system/svc-agent.service")
    (links / "svc-agent@coupon.service").symlink_to("/lib/systemd/system/svc-agent@.service")
    (links / "another.service").symlink_to("/lib/systemd/system/another.service")
    drop_in = root.folder / "etc/systemd/system/svc-agent@coupon.service.d"
    drop_in.mkdir()
    (drop_in / "override.conf").write_text("[Service]\n")

    # An upgrade, and a removal, keep all of it.
    mine = {path for path in root.files() if path.startswith("etc/") and "svc-agent" in path}
    root.dpkg("--install", deb)
    root.dpkg("--remove", "svc-agent")
    assert mine <= root.files()
    assert not (root.folder / "usr").exists()
    mask = root.folder / "etc/systemd/system/svc-agent.service"
    assert os.readlink(mask) == "/dev/null"
    root.dpkg("--install", deb)
    assert not mask.is_symlink()
    assert mine <= root.files()

    root.dpkg("--purge", "svc-agent")
    (links / "another.service").unlink()
    assert (root.files(), root.users()) == before


# ---- its units --------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_takes_the_unit(unit, unpacked, tmp_path):
    text = (unpacked / "lib/systemd/system" / unit).read_text()
    binary = unpacked / "usr/bin/svc-agent"
    assert "ExecStart=/usr/bin/svc-agent --config /etc/svc-agent" in text
    copy = tmp_path / unit.replace("@", "@coupon")
    copy.write_text(text.replace("/usr/bin/svc-agent", str(binary)))
    # --man=no: the pages need not be installed on this machine.
    assert said("systemd-analyze", "verify", "--man=no", copy) == ""
    # A name that systemd does not know is only complained about.
    copy.write_text(copy.read_text().replace("PrivateTmp=", "PrivateTemp="))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True, check=False
    )
    assert "PrivateTemp" in done.stderr


@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_is_closed(unit, unpacked):
    name = unit.replace("@", "@coupon")
    told = said(
        "systemd-analyze", "security", f"--root={unpacked}", "--offline=true", "--threshold=15",
        "--no-pager", name,
    )  # fmt: skip
    exposure = re.search(r"Overall exposure level for \S+: (\S+)", told)
    assert float(exposure[1]) <= 1.5


def allowed_calls(text):
    """The system calls that the unit's filter leaves: lists of names, sets, or all but them."""

    def members(word):
        if not word.startswith("@"):
            return {word}
        lines = said("systemd-analyze", "syscall-filter", "--no-pager", word).splitlines()
        inner = [line.strip() for line in lines[1:] if line.strip() and "#" not in line]
        return set().union(*(members(one) for one in inner))

    allowed = members("@default")
    for words in re.findall(r"^SystemCallFilter=(.*)$", text, re.M):
        named = set().union(*(members(word) for word in words.removeprefix("~").split()))
        allowed = allowed - named if words.startswith("~") else allowed | named
    return allowed


class Traced(Process):
    """The packaged program under strace: its log, and each system call that it makes."""

    def __init__(self, binary, calls, *configs):
        self.calls = calls
        # -D: the tracer is the grandchild, so that signals reach the program.
        argv = ["strace", "-D", "-f", "-qq", "-o", calls, binary]
        for config in configs:
            argv += ["--config", config]
        self.spawn(argv, env=lib.agent.environment(), stderr=subprocess.PIPE, text=True)
        self.log = Lines(self.child.stderr, "svc-agent")

    def names(self):
        return set(re.findall(r"^\d+ +(\w+)\(", self.calls.read_text(), re.M))


def test_the_filter_allows_what_the_agent_calls(unpacked, etcd, serve, write, tmp_path, document):
    """A whole life: listed, withdrawn, told to read again, drained; and a reader, writing a file.

    Every kind of probe is there, with the program of one of them.
    """
    need_tracing()
    server, followed = serve("py"), document()
    binary, admin = unpacked / "usr/bin/svc-agent", tmp_path / "admin.sock"
    agent = Traced(
        binary,
        tmp_path / "calls",
        write(descriptor(etcd, server.port, service={"host": "interface:lo"},
                         admin={"listen": f"unix:{admin}"})),
        write(descriptor(etcd, server.port, "by-tcp", probe={"type": "tcp"})),
        write(descriptor(etcd, server.port, "by-command", probe={"type": "exec", "command": "[true]"})),
        write(descriptor(etcd, etcd.port, "by-http", probe={"type": "http", "path": "/health"})),
        write(reader(etcd, {NAME: followed.path})),
    )  # fmt: skip
    try:
        for name in (NAME, "by-tcp", "by-command", "by-http"):
            agent.log.wait(f"Service registered: {name}", 90)
        followed.lists(f"127.0.0.1:{server.port}")
        server.tell("status - NOT_SERVING")
        agent.log.wait(f"Service deregistered: {NAME}", 90)
        agent.signal(signal.SIGHUP)
        agent.log.wait("read the descriptors again", 90)
        said(binary, "drain", "--wait", "--admin", f"unix:{admin}")
        agent.signal(signal.SIGTERM)
        assert agent.child.wait(60) == 0
    finally:
        agent.kill()
    called = agent.names()
    assert {"connect", "rename", "epoll_wait"} <= called
    for unit in UNITS:
        text = (unpacked / "lib/systemd/system" / unit).read_text()
        assert called - allowed_calls(text) == set()
