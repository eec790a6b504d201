"""material - what is tested here, read once: alerts, their tests, dashboards, the manual of metrics, the runbook."""
import json
import pathlib
import re

import yaml

import promql

TOP = pathlib.Path(__file__).resolve().parents[2]
DOCS = TOP / "docs"

# Told by other programs: Prometheus itself, prometheus-postgres-exporter 0.11 and RabbitMQ 3.10's rabbitmq_prometheus.
FOREIGN = re.compile(r"up|ALERTS|pg_\w+|rabbitmq_\w+")
ALWAYS = {"job", "instance"}


def read(name):
    return (TOP / name).read_text(encoding="utf-8")


def alerts():
    """{name: rule}"""
    groups = yaml.safe_load(read("docs/prometheus/alerts.yml"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def dashboards():
    """{file name: document}"""
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted((DOCS / "grafana").glob("*.json"))}


def panels(dashboard):
    """All of them, those within rows too."""
    for one in dashboard["panels"]:
        yield one
        yield from one.get("panels", [])


def queries(dashboard):
    """(what it is, expression), the annotations too."""
    for one in panels(dashboard):
        for target in one.get("targets", []):
            yield f"{one['title']} / {target['legendFormat']}", target["expr"]
    for one in dashboard["annotations"]["list"]:
        yield f"annotation {one['name']}", one["expr"]


def expressions():
    """(file and place, expression) of everything that asks Prometheus something."""
    for name, rule in alerts().items():
        yield f"alerts.yml: {name}", rule["expr"]
    for file, document in dashboards().items():
        for place, expression in queries(document):
            yield f"{file}: {place}", expression


def documented():
    """{metric: its labels} of docs/metrics.md, a histogram's three series each by name."""
    found = {}
    for name, labels, _, text in re.findall(r"^\| `(\w+)` \|\s*(.*?)\s*\|\s*(.*?)\s*\| (.*) \|$", read("docs/metrics.md"), re.MULTILINE):
        names = set(re.findall(r"`(\w+)`", labels))
        if text.startswith("histogram"):
            found |= {name + "_bucket": names | {"le"}, name + "_sum": names, name + "_count": names}
        else:
            found[name] = names
    return found


def commands():
    """{("queue", "status"), ("seed", "")} of ctl/commands.c."""
    return set(re.findall(r'^    \{ "(\w+)", (?:"(\w+)"|NULL), "', read("ctl/commands.c"), re.MULTILINE))


def runnable():
    """{commands: the line they begin in} of each block of the runbook that is to work as it stands."""
    text = read("docs/operations.md")
    return {block[1]: text.count("\n", 0, block.start(1)) + 1
            for block in re.finditer(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)}


def sections(text, depth):
    """{title: body} of the headings of that depth; a body ends at the next heading that is no deeper."""
    parts = re.split(rf"^(#{{1,{depth}}}) (.+)\n", text, flags=re.MULTILINE)
    return {title: body for marks, title, body in zip(parts[1::3], parts[2::3], parts[3::3]) if len(marks) == depth}


def unknown_names(expression, metrics):
    known = set(ALWAYS)
    for one in promql.selectors(expression):
        if FOREIGN.fullmatch(one.metric):
            return
        if one.metric not in metrics:
            yield f"{one.metric} is not in docs/metrics.md"
        known |= metrics.get(one.metric, set())
    for label in sorted(promql.labels(expression) - known):
        yield f"no metric of it has the label {label}"
