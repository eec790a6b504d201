"""running - a whole system and a Prometheus that scrapes it, in folders of their own and on free ports."""
import contextlib
import json
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import material
import yaml

MISSING = "is missing: tools/install-packages --for-tests installs it"


def bail_out(words):
    print(f"Bail out! {words}".replace("\n", " "))
    sys.exit(1)


def missing_programs(*names):
    return [name for name in names if shutil.which(name) is None]


# --- the system -------------------------------------------------------------------------------------------

def quickstart(folder, *arguments):
    run = subprocess.run([material.TOP / "quickstart", "--dir", folder, *arguments], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
    if run.returncode:
        bail_out(f"quickstart {' '.join(map(str, arguments))}: {run.stdout[-2000:]}")


def assignments(path):
    lines = (shlex.split(line)[0].partition("=") for line in path.read_text().splitlines())
    return {name: value for name, _, value in lines}


@contextlib.contextmanager
def system(folder, build, *settings):
    """What DIR/env says of it; a setting is SECTION.KEY=VALUE."""
    try:
        quickstart(folder, "--detach", "--no-install", "--bin", build, *(f"--set={one}" for one in settings))
        yield assignments(folder / "env")
    finally:
        quickstart(folder, "--stop")


def call(url, key=None, document=None, **headers):
    """Its status."""
    body = json.dumps(document).encode() if document is not None else None
    headers |= {"X-API-Key": key} if key else {}
    request = urllib.request.Request(url, body, headers | {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def run_notifyctl(env, *words):
    return subprocess.run([f"{env['NOTIFY_BIN']}/notifyctl", "-c", env["NOTIFY_CONFIG"], *words], capture_output=True,
                          text=True, env={"NOTIFY_SQL_DIR": env["NOTIFY_SQL_DIR"]})


def notifyctl(env, *words):
    run = run_notifyctl(env, *words)
    if run.returncode:
        bail_out(f"notifyctl {' '.join(words)}: {run.stderr}")
    return run.stdout


# --- prometheus -------------------------------------------------------------------------------------------

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def configuration(env, rules):
    """docs/prometheus/prometheus.yml, for these two addresses and in a hurry."""
    config = yaml.safe_load(material.read("docs/prometheus/prometheus.yml"))
    targets = {"notify-fcgi": env["NOTIFY_URL"], "workerd": env["WORKERD_URL"]}
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(rules)]
    del config["alerting"]
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [urllib.parse.urlsplit(targets.pop(job["job_name"])).netloc]}]
    return yaml.safe_dump(config)


class Prometheus:
    def __init__(self, folder, env, rules=material.DOCS / "prometheus/alerts.yml"):
        folder.mkdir()
        self.address = f"127.0.0.1:{free_port()}"
        (folder / "prometheus.yml").write_text(configuration(env, rules))
        with open(folder / "log", "w") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address={self.address}", "--log.level=warn"], stdout=log, stderr=log)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def get(self, path, **arguments):
        """What it answers, and its words where it refuses."""
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(arguments)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"], None
        except urllib.error.HTTPError as error:
            return None, json.load(error).get("error", str(error))

    def query(self, expression):
        data, fault = self.get("query", query=expression)
        return (data["result"] if data else None), fault

    def is_ready(self):
        try:
            return urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=2).status == 200
        except OSError:
            return False


def until(holds, seconds):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    return True
