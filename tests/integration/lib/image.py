# SPDX-License-Identifier: Apache-2.0
"""The container image of packaging/container, acted out without a container engine.

Its root is made by the program that the recipe runs. A container is a process with mounts of its
own, in that root, which is mounted read-only, as the user of the image and without new rights. As
who is not root, all of it happens in a user namespace of its own.
"""

import os
import pathlib
import subprocess

import lib.agent
from lib.lines import Lines
from lib.process import Process

PACKAGING = pathlib.Path(__file__).parents[3] / "packaging"
PROGRAM = pathlib.Path(os.environ.get("SVC_PACKAGE", ".")) / "svc-agent"
USER = 65532
IS_ROOT = os.geteuid() == 0

# What a container engine mounts; $1 is the root, $2 the descriptors, $3 the secrets.
MOUNT = """
set -e
root=$1 descriptors=$2 secrets=$3
shift 3
mount --bind "$root" "$root"
mount --rbind /proc "$root/proc"
mount --bind /etc/hosts "$root/etc/hosts"
mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
mount --bind "$descriptors" "$root/etc/svc-agent"
mount --bind "$secrets" "$root/run/secrets/svc-agent"
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot ${USERSPEC:+"--userspec=$USERSPEC"} "$root" "$@"
"""


def collect(root):
    """Makes the image's file system, and the places for what an engine mounts."""
    words = [PACKAGING / "container" / "collect", PROGRAM, root]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return root


def prepare(root):
    for name in ("hosts", "resolv.conf"):
        (root / "etc" / name).touch()
    (root / "run" / "secrets" / "svc-agent").mkdir(parents=True)


class Container(Process):
    """One container; `descriptors` and `secrets` are mounted where the manifests mount theirs."""

    def __init__(self, root, descriptors, secrets, env):
        self.root, self.descriptors, self.secrets = root, descriptors, secrets
        self.env = {**env, "PATH": os.environ["PATH"] + ":/usr/sbin"}
        if IS_ROOT:
            self.env["USERSPEC"] = f"{USER}:{USER}"
        self.log = None

    def _argv(self, *words):
        unshare = ["unshare", "--mount"] + ([] if IS_ROOT else ["--map-root-user"])
        places = [self.root, self.descriptors, self.secrets]
        return [str(word) for word in (*unshare, "sh", "-c", MOUNT, "sh", *places, *words)]

    def start(self, *words):
        self.spawn(self._argv(*words), env=self.env, stdin=subprocess.DEVNULL,
                   stderr=subprocess.PIPE, text=True)  # fmt: skip
        self.log = Lines(self.child.stderr, "svc-agent")
        return self

    def run(self, *words):
        """A container of its own that ends."""
        return self._said(self._argv(*words), self.env)

    def execute(self, *words):
        """As a preStop hook does: in the running container."""
        enter = ["nsenter", f"--target={self.child.pid}", "--mount", "--root", "--wd=/"]
        if IS_ROOT:
            enter += [f"--setuid={USER}", f"--setgid={USER}"]
        else:
            enter += ["--user", "--preserve-credentials"]
        return self._said([*enter, *words], self.env)

    @staticmethod
    def _said(words, env):
        done = subprocess.run(
            words, env=env, capture_output=True, text=True, timeout=300, check=False
        )
        print(f"... {words[-4:]} -> {done.returncode}\n{done.stdout}{done.stderr}")
        assert not lib.agent.SANITIZER_REPORT.search(done.stderr)
        return done

    def status(self, name):
        """A line of /proc/PID/status, such as VmRSS in kB."""
        text = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        (line,) = [line for line in text.splitlines() if line.startswith(f"{name}:")]
        return line.split(":", 1)[1].split()
