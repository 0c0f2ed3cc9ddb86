# SPDX-License-Identifier: Apache-2.0
"""The two manifests with svc-agent beside a service, to be taken over into others.

No container runs. They are held against Kubernetes' API, what is in them against the program, and
the one against the other. test_image.py acts the life of such a pod.
"""

import copy
import pathlib
import re

import pytest
import yaml

import lib.agent
from lib.certs import Authority
from lib.kubernetes import Programs

FOLDER = pathlib.Path(__file__).parents[2] / "packaging" / "kubernetes"
NAMES = ("sidecar", "sidecar-before-1.29")
DOCUMENTS = {name: list(yaml.safe_load_all((FOLDER / f"{name}.yaml").read_text())) for name in NAMES}


def spec(name):
    return DOCUMENTS[name][-1]["spec"]["template"]["spec"]


def parts(name):
    """(the agent's container, the service's)"""
    found = [*spec(name).get("initContainers", ()), *spec(name)["containers"]]
    by_name = {container["name"]: container for container in found}
    return by_name["svc-agent"], by_name["coupon"]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    names = {name.replace(".", "_"): DOCUMENTS[name] for name in NAMES}
    wrong = copy.deepcopy(DOCUMENTS["sidecar"])
    wrong[-1]["spec"]["template"]["spec"]["initContainers"][0]["lifecycle"]["prestop"] = {}
    return Programs(tmp_path_factory.mktemp("kubernetes"), {**names, "wrong": wrong})


def test_the_manifests(compiled):
    assert [line for line in compiled.messages if not line.startswith("wrong.ts")] == []
    assert len(compiled.messages) == 1
    for name in NAMES:
        done = compiled.validate(name.replace(".", "_"))
        assert (done.returncode, done.stderr) == (0, "")


def test_one_is_the_other_with_the_agent_as_a_container():
    native, plain = (copy.deepcopy(DOCUMENTS[name]) for name in NAMES)
    pod = native[-1]["spec"]["template"]["spec"]
    (agent,) = pod.pop("initContainers")
    assert agent.pop("restartPolicy") == "Always"
    pod["containers"].append(agent)
    assert native == plain


def test_the_descriptor(tmp_path):
    """The agent takes it, with the files of the secret where this machine can have them."""
    settings, secret = DOCUMENTS["sidecar"][:2]
    ((name, text),) = settings["data"].items()
    agent, service = parts("sidecar")
    volumes = {v["name"]: v for v in spec("sidecar")["volumes"]}
    mounts = {m["mountPath"]: volumes[m["name"]] for m in agent["volumeMounts"]}
    assert mounts["/etc/svc-agent"]["configMap"]["name"] == settings["metadata"]["name"]
    assert name.endswith(".yaml")
    secrets = "/run/secrets/svc-agent"
    assert mounts[secrets]["secret"]["secretName"] == secret["metadata"]["name"]
    files = set(re.findall(rf"_file: {secrets}/(\S+)", text))
    assert files == set(secret["stringData"])

    here = tmp_path / "secrets"
    here.mkdir()
    for file in files:
        (here / file).write_text("replace-me")
    (here / "etcd-ca.pem").write_text(Authority(tmp_path).cert.read_text())
    path = tmp_path / name
    path.write_text(text.replace(secrets, str(here)))
    env = {one["name"]: one.get("value", "192.0.2.1") for one in agent["env"]}
    done = lib.agent.run("check", "--config", path, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    told = yaml.safe_load(done.stdout)
    assert told["service"]["host"] == "192.0.2.1"
    assert told["service"]["port"] == service["ports"][0]["containerPort"]
    assert told["admin"]["listen"] == f"0.0.0.0:{agent['ports'][0]['containerPort']}"


def test_the_order_of_an_end():
    """The address is withdrawn, and left, a second before the service is told to stop."""
    agent, service = parts("sidecar")
    text = DOCUMENTS["sidecar"][0]["data"]["coupon.yaml"]
    linger = int(re.search(r"linger: (\d+)s", text)[1])
    wait = service["lifecycle"]["preStop"]["exec"]["command"]
    assert wait == ["sleep", str(linger + 1)]
    hook = agent["lifecycle"]["preStop"]["exec"]["command"]
    assert hook[:3] == ["/usr/bin/svc-agent", "drain", "--wait"]
    # At most 10 s for etcd to confirm, the linger, and time for the service.
    assert spec("sidecar")["terminationGracePeriodSeconds"] >= 10 + linger + 15


def test_the_restrictions():
    pod = spec("sidecar")
    agent, _ = parts("sidecar")
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert agent["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
