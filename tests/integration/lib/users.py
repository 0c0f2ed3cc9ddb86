# SPDX-License-Identifier: Apache-2.0
"""Users of etcd: root switches authentication on, and makes an agent's user as the operations page says."""

import pathlib
import re
import subprocess

PAGE = pathlib.Path(__file__).parents[3] / "packaging" / "OPERATIONS.md"
HEADING = "\n## What etcd has to allow\n"
ROOT = ("root", "of-the-tests")


def documented(service, user, password_file, shown_user="coupon-agent"):
    """The commands under that heading for that user, for another service, user and file."""
    section = PAGE.read_text().split(HEADING)[1].split("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.M | re.S)
    [block] = [each for each in blocks if f"role add {shown_user}" in each]
    for shown, meant in [
        ("/services/coupon-service/", f"/services/{service}/"),
        (shown_user, user),
        ("/etc/svc-agent/etcd-password", str(password_file)),
    ]:
        assert shown in block, f"{PAGE.name} does not show {shown}"
        block = block.replace(shown, meant)
    return block.splitlines()


def documented_formats(service, user):
    """The further grants that are shown there, a line for each prefix."""
    section = PAGE.read_text().split(HEADING)[1].split("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.M | re.S)
    [block] = [each for each in blocks if "/microservices/coupon-service/" in each]
    block = block.replace("/coupon-service/", f"/{service}/").replace("coupon-agent", user)
    return block.splitlines()


def etcdctl(etcd, words, as_root=True):
    """Runs a line of that page, or one like it, against this etcd."""
    assert words.startswith("etcdctl "), words
    user = f"--user {':'.join(ROOT)}" if as_root else ""
    waits = "--dial-timeout 60s --command-timeout 120s"  # by itself it gives up after five seconds
    line = words.replace("etcdctl", f"etcdctl --endpoints {etcd.endpoint} {waits} {user}", 1)
    done = subprocess.run(
        line, shell=True, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
    return done.stdout


def switch_on(etcd):
    etcdctl(etcd, f"etcdctl user add {':'.join(ROOT)}", as_root=False)
    etcdctl(etcd, "etcdctl auth enable", as_root=False)
    etcd.user = ROOT


def add_agent(etcd, password_file, service="coupon-service", user="coupon-agent"):
    for line in documented(service, user, password_file):
        etcdctl(etcd, line, as_root=etcd.user is not None)


def add_reader(etcd, password_file, service="coupon-service", user="coupon-reader"):
    for line in documented(service, user, password_file, "coupon-reader"):
        etcdctl(etcd, line, as_root=etcd.user is not None)
