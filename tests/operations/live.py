"""live - every query of the alerts and dashboards, asked of a real Prometheus that scrapes a real system.

  tests/openapi/python.sh tests/operations/live.py BUILD    BUILD: a build tree with the programs

Starts a system of its own by ./quickstart and a prometheus, both in a temporary folder and on free ports, sends a
message of each kind, and stops them.
"""
import concurrent.futures
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request

import material
import promql
from running import MISSING, Prometheus, bail_out, call, missing_programs, notifyctl, system, until
from tap import Tap

SETTINGS = ("rate_limit.tiny=1", "scheduler.interval_ms=100")
PATIENCE = 25  # seconds until what was sent is seen by a query
VARIABLES = {"job": "workerd", "api_job": "notify-fcgi", "instance": ".*", "platform": ".*", "provider": ".*",
             "database": "notification", "__rate_interval": "10s"}
OF_FILE = {"api.json": {"job": "notify-fcgi"}}

# What a system in good health has nothing to say to: a pattern of the selector, and why.
SILENT = [
    (r'status=~"5\.\."', "nothing was answered with 5xx"),
    (r"^ALERTS\b", "no alert fires"),
    (r"^pg_|^rabbitmq_", "these exporters are not scraped here"),
]


# --- the system -------------------------------------------------------------------------------------------

def runbook_faults(env, folder):
    """Each block of docs/operations.md that only reads, run as it stands."""
    folder.mkdir()
    (folder / "notifyctl").write_text(f'#!/bin/sh\nexec {env["NOTIFY_BIN"]}/notifyctl -c {env["NOTIFY_CONFIG"]} "$@"\n')
    (folder / "notifyctl").chmod(0o755)
    words = env | {"PATH": f"{folder}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder)}
    for block, line in material.runnable().items():
        run = subprocess.run(["bash", "-euo", "pipefail", "-c", block], env=words, cwd=folder, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True)
        if run.returncode or "ERROR" in run.stderr:
            yield f"docs/operations.md:{line}: status {run.returncode}: {run.stderr or run.stdout}"


def limited_key(env):
    """Of a user who is over the limit with the second call."""
    notifyctl(env, "user", "add", "tiny@example.com", "--tier", "tiny")
    return json.loads(notifyctl(env, "key", "create", "tiny@example.com", "--json"))["key"]


# Of eight numbers one is refused at once, and one is reported as undelivered: a share that is no alert.
RECIPIENTS = [("email", "ada@example.com"), ("whatsapp", "+15557654321"), ("telegram", "123456789"),
              *(("sms", f"+1555123456{i}") for i in range(6)), ("sms", "+15550004000"), ("sms", "+15550007000")]


def make_traffic(env, tiny):
    """A bit of everything that is counted."""
    api = env["NOTIFY_URL"] + "/api/v1/messages"
    wanted = {202: {"content": "Hello", "recipients": [{"platform": p, "recipient": r} for p, r in RECIPIENTS]}, 422: {}}
    for status, document in wanted.items():
        got = call(api, env["NOTIFY_API_KEY"], document)
        if got != status:
            bail_out(f"{api} answers {got}, not {status}")
    call(api, tiny)
    call(env["NOTIFY_URL"] + "/webhooks/twilio?id=x", document={})
    call(env["NOTIFY_URL"] + "/nowhere")


# --- questions --------------------------------------------------------------------------------------------

def filled(expression, file):
    values = VARIABLES | OF_FILE.get(file, {})
    return re.sub(r"\$\{?([a-zA-Z_]\w*)\}?", lambda name: values[name[1]], expression)


def is_silent(expression):
    return any(re.search(pattern, one.text) for one in promql.selectors(expression) for pattern, _ in SILENT)


def dashboard_queries():
    for file, document in material.dashboards().items():
        for place, expression in material.queries(document):
            yield f"{file}: {place}", filled(expression, file)


def alert_selectors():
    """Of an alert's expression each part must find series: the whole must not, where all is well."""
    for name, rule in material.alerts().items():
        for one in promql.selectors(rule["expr"]):
            yield f"{name}: {one.text}", one.text


def variable_queries():
    """(place, label, metric) of label_values(metric, label)"""
    for file, document in material.dashboards().items():
        for one in document["templating"]["list"]:
            if one["type"] == "query":
                metric, label = re.fullmatch(r"label_values\((.+), (\w+)\)", one["definition"]).groups()
                yield f"{file}: ${one['name']}", label, filled(metric, file)


def empty_ones(prometheus, asked):
    return [place for place, expression in asked if not is_silent(expression) and not prometheus.query(expression)[0]]


def no_values(prometheus):
    for place, label, metric in variable_queries():
        values, fault = prometheus.get(f"label/{label}/values", **{"match[]": metric})
        if not values:
            yield f"{place} has no values: {fault or metric}"


def invalid(prometheus, asked):
    for place, expression in asked:
        fault = prometheus.query(expression)[1]
        if fault:
            yield f"{place}: {fault}"


def speaking(prometheus, asked):
    """What the list of the silent excuses, and does return something."""
    return [place for place, expression in asked if is_silent(expression) and prometheus.query(expression)[0]
            and " or vector(" not in expression]


def rule_faults(prometheus):
    for group in prometheus.get("rules")[0]["groups"]:
        for rule in group["rules"]:
            if rule["health"] != "ok":
                yield f"{rule['name']}: {rule['health']} {rule.get('lastError', '')}"
            if rule["state"] != "inactive":  # pending is enough: nobody waits here for minutes
                yield f"{rule['name']} is {rule['state']}"


def linted(url):
    text = urllib.request.urlopen(url + "/metrics", timeout=10).read()
    run = subprocess.run(["promtool", "check", "metrics"], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.stdout.decode().splitlines()


# --- main -------------------------------------------------------------------------------------------------

def judge(prometheus, env, runbook, tap):
    tiny, panels, parts = limited_key(env), list(dashboard_queries()), list(alert_selectors())
    all_alerts = [(name, rule["expr"]) for name, rule in material.alerts().items()]

    empty = {}  # as of the last look, which follows the traffic that it asks about

    def all_is_seen():
        make_traffic(env, tiny)
        empty.update(panels=empty_ones(prometheus, panels), parts=empty_ones(prometheus, parts))
        return not empty["panels"] and not empty["parts"]

    def all_are_evaluated():
        return all(rule["health"] != "unknown" for group in prometheus.get("rules")[0]["groups"] for rule in group["rules"])

    if not until(prometheus.is_ready, 20):
        bail_out("prometheus does not become ready")
    notifyctl(env, "audit")
    until(all_is_seen, PATIENCE)
    until(all_are_evaluated, 10)
    until(lambda: not list(rule_faults(prometheus)), 10)
    tap.result("promtool finds nothing to complain of in what notify.fcgi tells", linted(env["NOTIFY_URL"]))
    tap.result("promtool finds nothing to complain of in what workerd tells", linted(env["WORKERD_URL"]))
    tap.result("Prometheus takes every query of the dashboards", invalid(prometheus, panels))
    tap.result("each of them has data", empty["panels"])
    tap.result("each variable has values", no_values(prometheus))
    tap.result("each part of an alert has data", empty["parts"])
    tap.result("Prometheus takes every alert", invalid(prometheus, all_alerts))
    tap.result("nothing that is called silent speaks", speaking(prometheus, panels + parts))
    tap.result("of a system in good health no alert fires or is about to", rule_faults(prometheus))
    tap.result("the commands of docs/operations.md that only read work as they stand", runbook.result())


def main(build):
    for program in missing_programs("prometheus", "promtool"):
        print(f"1..0 # SKIP {program} {MISSING}")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="notify-operations-") as name:
        folder = pathlib.Path(name)
        with system(folder / "system", pathlib.Path(build).resolve(), *SETTINGS) as env:
            prometheus = Prometheus(folder / "prometheus", env)
            try:
                with concurrent.futures.ThreadPoolExecutor() as beside:
                    judge(prometheus, env, beside.submit(lambda: list(runbook_faults(env, folder / "run"))), tap)
            finally:
                prometheus.stop()
    tap.end()


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(sys.argv[1])
