"""images - Dockerfiles, docker-compose.yml and k8s/ held against each other and the configuration.  Prints TAP."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

import packages
from tap import Tap

TOP = packages.TOP
sys.path.insert(0, str(TOP / "tools/release"))

import version

BUILD = pathlib.Path(os.environ.get("top_builddir", ".")).resolve()
DOCKERFILES = sorted(TOP.glob("Dockerfile.*"))
COMPOSE = yaml.safe_load((TOP / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
RESOURCES = [resource for path in sorted(TOP.glob("k8s/*/*.yaml")) if path.name not in ("kustomization.yaml", "names.yaml")
             for resource in yaml.safe_load_all(path.read_text(encoding="utf-8"))]
KUSTOMIZATIONS = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(TOP.glob("k8s/*/kustomization.yaml"))]


def name_of(image):
    return image.rpartition("/")[2].partition(":")[0]


def built():
    return {"notification-system-" + path.name.partition(".")[2] for path in DOCKERFILES}


def pods():
    for resource in RESOURCES:
        pod = resource.get("spec", {}).get("template", {}).get("spec")
        if pod:
            yield resource["metadata"]["name"], pod


def assignments():
    """NOTIFY_NAME: value, of all files."""
    for service in SERVICES.values():
        yield from service.get("environment", {}).items()
    for line in (TOP / "containers/simulator.env").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield tuple(line.split("=", 1))
    for kustomization in KUSTOMIZATIONS:
        for generator in kustomization.get("configMapGenerator", []):
            yield from (literal.split("=", 1) for literal in generator["literals"])
    for _, pod in pods():
        for container in pod["containers"]:
            yield from ((one["name"], one["value"]) for one in container.get("env", []))
    for path in DOCKERFILES:
        yield from re.findall(r"^ENV (\w+)=(\S+)$", path.read_text(encoding="utf-8"), re.M)


def setting_faults():
    """Every variable is a key, and all of them together are a configuration."""
    with tempfile.TemporaryDirectory() as folder:
        secret = pathlib.Path(folder, "secret")
        url = pathlib.Path(folder, "url")
        secret.write_text("a-secret", encoding="utf-8")
        url.write_text("amqp://a:b@rabbitmq:5672/", encoding="utf-8")
        given = {name: value for name, value in assignments() if name.startswith("NOTIFY_")}
        for name in [name for name in given if name.endswith("_FILE")]:
            given[name] = str(url if name.endswith("URL_FILE") else secret)
            given.pop(name.removesuffix("_FILE"), None)
        known = set(re.findall(r"NOTIFY_\w+", (TOP / ".env.example").read_text(encoding="utf-8")))
        for name in sorted(given):  # of providers --check-config tells
            if name.removesuffix("_FILE") not in known and not name.startswith("NOTIFY_PROVIDER_"):
                yield f"{name} is not a key of the configuration"
        done = subprocess.run([BUILD / "workerd/workerd", "-c", TOP / "containers/notification-system.conf",
                               "--check-config"], capture_output=True, text=True, env=given)
        if done.returncode:
            yield done.stderr.strip()


def image_faults():
    for name, service in SERVICES.items():
        image = service["image"]
        tag = image.rpartition("/")[2].partition(":")[2]
        if not tag or tag == "latest":
            yield f"docker-compose.yml: {name} has no fixed tag: {image}"
        if "build" in service and (TOP / service["build"]["dockerfile"]) not in DOCKERFILES:
            yield f"docker-compose.yml: {name} is built from a file that there is not"
        if name_of(image).startswith("notification-system") and (name_of(image) not in built() or "build" not in service):
            yield f"docker-compose.yml: {name}: nothing builds {image}"
    for name, pod in pods():
        for container in pod["containers"]:
            if container["image"] not in built():
                yield f"k8s: {name}: nothing builds {container['image']}"
    for kustomization in KUSTOMIZATIONS:
        for image in kustomization.get("images", []):
            if image["name"] not in built() or image["newTag"] == "latest":
                yield f"k8s: image {image}"


def version_faults():
    now = version.current()
    for name, service in SERVICES.items():
        if "build" in service and not service["image"].endswith(f":${{NOTIFY_VERSION:-{now}}}"):
            yield f"docker-compose.yml: {name} is {service['image']}, the version is {now}"
    for kustomization in KUSTOMIZATIONS:
        for image in kustomization.get("images", []):
            if image["newTag"] != now:
                yield f"k8s: {image['name']} is {image['newTag']}, the version is {now}"


def stage(path):
    return re.search(r"^# This stage.*?\n\n", path.read_text(encoding="utf-8"), re.S | re.M)[0]


def dockerfile_faults():
    for path in DOCKERFILES:
        text = path.read_text(encoding="utf-8")
        if stage(path) != stage(DOCKERFILES[0]):
            yield f"{path.name}: its build stage differs from that of {DOCKERFILES[0].name}"
        for package in sorted(packages.build_packages() - set(stage(path).split())):
            yield f"{path.name} does not install {package} to build with"
        if not re.search(r"^USER [1-9]\d*:[1-9]\d*$", text, re.M):
            yield f"{path.name} has no USER by number"
        for word in ("HEALTHCHECK", "STOPSIGNAL SIGTERM", "org.opencontainers.image.version"):
            if word not in text:
                yield f"{path.name} has no {word}"


def port_faults():
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            if not port.startswith("127.0.0.1:"):
                yield f"docker-compose.yml: {name} opens {port} to everybody"


def root_faults():
    for name, service in SERVICES.items():
        if "build" in service and not service.get("read_only"):
            yield f"docker-compose.yml: {name} may write to its root"
        # Once, for the owners of passwords, and without a network.
        if str(service.get("user", "")).startswith("0") and service.get("network_mode") != "none":
            yield f"docker-compose.yml: {name} is root"
    for name, pod in pods():
        if not pod["securityContext"].get("runAsNonRoot"):
            yield f"k8s: {name} may be root"
        for container in pod["containers"]:
            if not container["securityContext"].get("readOnlyRootFilesystem"):
                yield f"k8s: {name} may write to its root"


def key_default(key):
    return int(re.search(rf"^{key} = (\d+)", (TOP / "notification-system.conf.example").read_text(encoding="utf-8"), re.M)[1])


def patience_faults():
    drain = key_default("drain_seconds")
    front = int(re.search(r"graceful-shutdown-timeout\" => (\d+)", (TOP / "containers/lighttpd.conf").read_text())[1])
    for name, least in {"api": front, "worker": drain}.items():
        if int(SERVICES[name]["stop_grace_period"].rstrip("s")) <= least:
            yield f"docker-compose.yml: {name} is killed before its {least} s are over"
        # 5 s are of preStop.
        if dict(pods())[name]["terminationGracePeriodSeconds"] <= least + 5:
            yield f"k8s: {name} is killed before its {least} s are over"


def probe_faults():
    for name, pod in pods():
        container = pod["containers"][0]
        paths = {kind: container.get(kind, {}).get("httpGet", {}).get("path")
                 for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
        if name != "migrate" and list(paths.values()) != ["/health", "/health", "/ready"]:
            yield f"k8s: {name} is asked {paths}"


tap = Tap()
tap.result("every setting of a container is a key, and together they are a configuration", setting_faults())
tap.result("every image has a fixed tag, and ours are built here", image_faults())
tap.result("our images have the version of configure.ac", version_faults())
tap.result("the Dockerfiles build alike, and run as nobody in particular", dockerfile_faults())
tap.result("docker-compose.yml opens ports on the loopback alone", port_faults())
tap.result("nothing of ours runs as root, or writes to its root", root_faults())
tap.result("nobody is killed while what it began may end", patience_faults())
tap.result("probes ask what they should", probe_faults())
tap.end()
