# SPDX-License-Identifier: Apache-2.0
"""Where secrets stand in the memory of the agent of the package, and who gets to see them."""

import base64
import os
import pathlib
import resource
import signal
import subprocess

import pytest

from lib.agent import Agent, environment
from lib.certs import Authority
from lib.descriptor import descriptor, key_of
from lib.needs import may_look_into_others
from lib.outputs import until
from lib.remains import matching, remains
from lib.users import add_agent, etcdctl, switch_on

PROGRAM = pathlib.Path(os.environ.get("SVC_PACKAGE", ".")) / "svc-agent"
PASSWORD = "the-password-of-this-very-test-0123456789" * 9
BEGINNING = PASSWORD[:16].encode()  # what a buffer that grew may have left behind
TOKEN = rb"[A-Za-z]{16}\.[0-9]+"  # as etcd makes them
USER = {"username": "coupon-agent"}
NOWHERE = "[127.0.0.1:1]"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not may_look_into_others(),
    reason="only root with CAP_SYS_PTRACE may look into the agent's memory",
)


class Release(Agent):
    binary = PROGRAM

    @property
    def pid(self):
        return self.child.pid


@pytest.fixture
def started(etcds, serve, closing, write):
    made = []

    def start(*texts, env=None):
        made.append(Release([write(text, "service1.yaml") for text in texts], env))
        return made[-1]

    yield start
    complaints = [complaint for agent in made for complaint in agent.close()]
    assert not complaints, complaints


@pytest.fixture
def guarded(etcds, write):
    """An etcd with users, of which the agent's has that password."""

    def start():
        etcd = etcds().start()
        add_agent(etcd, write(PASSWORD + "\n", "password"))
        switch_on(etcd)
        return etcd

    return start


# ---- what is left of them -----------------------------------------------------------------------


def test_a_password_in_a_file_is_nowhere(started, guarded, serve, tmp_path):
    etcd, server = guarded(), serve()
    watch = etcd.watch()
    agent = started(
        descriptor(etcd, server.port, etcd={**USER, "password_file": tmp_path / "password"})
    )
    watch.put(key_of(server.port))
    agent.wait_log("Service registered")
    assert remains(agent.pid, BEGINNING) == 0


def test_a_password_in_the_descriptor_is_where_it_is_kept(started, guarded, serve, tmp_path):
    """By the descriptor and by the client of etcd; and gone with them."""
    etcd, server = guarded(), serve()
    watch = etcd.watch()
    agent = started(descriptor(etcd, server.port, etcd={**USER, "password": PASSWORD}))
    watch.put(key_of(server.port))
    agent.wait_log("Service registered")
    assert remains(agent.pid, PASSWORD.encode()) == 2
    assert remains(agent.pid, BEGINNING) == 2 * PASSWORD.encode().count(BEGINNING)
    (tmp_path / "service1.yaml").write_text(
        descriptor(etcd, server.port, etcd={**USER, "password_file": tmp_path / "password"})
    )
    agent.signal(signal.SIGHUP)
    agent.wait_log("Service deregistered")
    until(lambda: remains(agent.pid, BEGINNING) == 0)


def test_a_token_is_in_one_place_and_the_old_one_nowhere(started, guarded, serve, tmp_path):
    etcd, server = guarded(), serve()
    watch = etcd.watch()
    agent = started(
        descriptor(
            etcd, server.port, register={"ttl": "5s"},
            etcd={**USER, "password_file": tmp_path / "password"},
        )
    )  # fmt: skip
    watch.put(key_of(server.port))
    agent.wait_log("Service registered")
    first = matching(agent.pid, TOKEN)
    assert len(first) == 1
    passwd = f"etcdctl user passwd coupon-agent --interactive=false <{tmp_path / 'password'}"
    etcdctl(etcd, passwd)  # the same one; but the user's tokens are no longer good
    since = len(agent.log.lines)
    server.status("NOT_SERVING")
    agent.wait_log("Service deregistered", since=since)
    server.status("SERVING")
    agent.wait_log("Service registered", since=since)
    assert not set(matching(agent.pid, TOKEN)) & set(first)
    until(lambda: remains(agent.pid, first[0]) == 0)
    assert len(matching(agent.pid, TOKEN)) == 1


def test_a_key_of_tls_is_where_openssl_keeps_it(started, etcds, serve, tmp_path):
    authority = Authority(tmp_path)
    etcd = etcds().secure(authority.issue("etcd"), authority.cert).start()
    client, server = authority.issue("client"), serve()
    watch = etcd.watch()
    tls = f"{{ca_file: {authority.cert}, cert_file: {client.cert}, key_file: {client.key}}}"
    agent = started(descriptor(f"['{etcd.tls_endpoint}']", server.port, etcd={"tls": tls}))
    watch.put(key_of(server.port))
    lines = client.key.read_text().splitlines()[1:-1]
    assert [remains(agent.pid, line.encode()) for line in lines] == [0] * len(lines)
    decoded = base64.b64decode("".join(lines))
    number = decoded[decoded.index(b"\x04\x20") + 2 :][:32]
    assert remains(agent.pid, number) == 0  # as the file has it
    assert remains(agent.pid, number[::-1]) == 1  # as it is reckoned with, on this machine


# ---- what is said -------------------------------------------------------------------------------

HEADER = "Bearer of-this-very-test-9876543210"


def test_no_secret_is_said(started, guarded, serve, tmp_path):
    """In the log for debugging, to who asks the agent, by its commands, in its command line."""
    etcd, server = guarded(), serve()
    watch, admin = etcd.watch(), tmp_path / "admin.sock"
    agent = started(
        descriptor(
            etcd, server.port, etcd={**USER, "password": PASSWORD},
            probe={"metadata": f"{{authorization: {HEADER}}}"},
            admin={"listen": f"unix:{admin}"}, log={"level": "debug"},
        )
    )  # fmt: skip
    watch.put(key_of(server.port))
    agent.wait_log("Service registered")
    (token,) = matching(agent.pid, TOKEN)
    said = [pathlib.Path(f"/proc/{agent.pid}/cmdline").read_text()]
    for path in ("/status", "/metrics", "/readyz", "/healthz"):
        asked = ["curl", "-sS", "--max-time", "30", "--unix-socket", admin, f"http://localhost{path}"]
        said.append(subprocess.run(asked, capture_output=True, text=True, check=True).stdout)
    for command in ("check", "doctor", "probe", "status", "list"):
        ran = subprocess.run(
            [PROGRAM, command, "--config", tmp_path / "service1.yaml"], env=environment(),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        said.append(ran.stdout + ran.stderr)
    agent.stop()
    said.append(agent.log.text())
    assert all(said)
    for text in said:
        for secret in (BEGINNING.decode(), HEADER[7:], token.decode()):
            assert secret not in text
    assert "debug lease" in said[-1]


# ---- core dumps ---------------------------------------------------------------------------------


def allow_core():
    limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))


def need_cores(folder):
    """Whatever the limit and core_pattern say: a program that has nothing to hide leaves one."""
    argv = ["/bin/sh", "-c", "kill -ABRT $$"]
    with subprocess.Popen(argv, cwd=folder, stderr=subprocess.DEVNULL, preexec_fn=allow_core) as child:
        _, status = os.waitpid(child.pid, 0)
        child.returncode = -os.WTERMSIG(status)
    if not os.WCOREDUMP(status):
        pytest.skip("no process leaves a core here (ulimit -Hc, /proc/sys/kernel/core_pattern)")


def crashed(write, **sections):
    """How an agent ended whose machine allows cores; it is to have said that it has started."""
    config = write(descriptor(NOWHERE, 1, **sections))
    need_cores(config.parent)
    child = subprocess.Popen(
        [PROGRAM, "--config", config], env=environment(), stderr=subprocess.PIPE, text=True,
        cwd=config.parent, preexec_fn=allow_core,
    )  # fmt: skip
    with child.stderr:
        for line in child.stderr:
            if "etcd client initialized" in line:
                break
        owner = os.stat(f"/proc/{child.pid}/mem").st_uid
        os.kill(child.pid, signal.SIGABRT)
        _, status = os.waitpid(child.pid, 0)
        child.returncode = -os.WTERMSIG(status)
    assert os.WTERMSIG(status) == signal.SIGABRT
    return os.WCOREDUMP(status), owner


def test_a_crash_leaves_no_secret_in_a_file(write):
    """Nor may another process of the user look into the memory: it is root's."""
    dumped, owner = crashed(write, etcd={**USER, "password": PASSWORD})
    assert not dumped
    assert owner == 0


def test_a_crash_without_a_secret_is_as_the_limit_says(write):
    dumped, _ = crashed(write)
    assert dumped


def is_closed(agent):
    """As gdb would find out: a process without rights of its own asks to look into another one."""
    asked = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
         "cat", f"/proc/{agent.pid}/environ"], capture_output=True, check=False,
    )  # fmt: skip
    return asked.returncode != 0


class Nobody(Release):
    def start(self):
        self.argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *self.argv]
        super().start()


def test_a_reload_that_brings_a_secret_closes_the_memory(etcds, tmp_path):
    config = tmp_path / "service1.yaml"
    config.write_text(descriptor(NOWHERE, 1))
    for path in (tmp_path, *tmp_path.parents[:3]):
        os.chmod(path, 0o755)
    agent = Nobody([config])
    try:
        agent.wait_log("etcd client initialized")
        assert not is_closed(agent)
        config.write_text(descriptor(NOWHERE, 1, etcd={**USER, "password": PASSWORD}))
        agent.signal(signal.SIGHUP)
        agent.wait_log("read the descriptors again")
        assert is_closed(agent)
        config.write_text(descriptor(NOWHERE, 1))
        said = len(agent.log.lines)
        agent.signal(signal.SIGHUP)
        agent.log.wait("read the descriptors again", since=said)
        assert is_closed(agent)  # it was in memory
    finally:
        assert not agent.close()


def test_commands_that_it_runs_are_not_concerned(started, tmp_path, serve, etcd):
    """What they leave is their own matter: dumpable, as execve() has it."""
    server, said = serve(), tmp_path / "owner"
    told = f"[/bin/sh, -c, '(stat -c %u:%a /proc/$$/mem; id -u) > {said}.$$; mv {said}.$$ {said}']"
    agent = started(
        descriptor(
            etcd, server.port, etcd={**USER, "password": PASSWORD},
            probe={"type": "exec", "command": told},
        )
    )  # fmt: skip
    agent.wait_health("unknown -> up")
    owner, user = said.read_text().split()
    assert owner.split(":")[0] == user
