"""dashboards - docs/grafana/*.json: what Grafana would read, by its structure."""
import re
import subprocess
import sys

import material
from tap import Tap

KINDS = {"row", "stat", "timeseries", "heatmap", "state-timeline"}
BUILT_IN = {"__rate_interval", "__interval", "__range"}
WIDTH = 24


def repeated(values):
    values = list(values)
    return sorted({one for one in values if values.count(one) > 1})


def id_faults(documents):
    for uid in repeated(document["uid"] for document in documents.values()):
        yield f"two dashboards have the uid {uid}"
    for title in repeated(document["title"] for document in documents.values()):
        yield f"two dashboards are called {title}"
    for file, document in documents.items():
        for one in repeated(panel["id"] for panel in material.panels(document)):
            yield f"{file}: two panels have the id {one}"


def panel_faults(panel):
    targets = panel["targets"]
    if not targets or not all(target["expr"].strip() and target["legendFormat"] is not None for target in targets):
        yield "has no query"
    if repeated(target["refId"] for target in targets):
        yield "two queries have one refId"
    if len(panel["description"]) < 20:
        yield "has no description"
    if not panel["fieldConfig"]["defaults"].get("unit") and panel["type"] != "heatmap":
        yield "has no unit"
    if len(targets) > 1 and not all(target["legendFormat"] for target in targets):
        yield "has queries without a legend"
    for one in (panel, *targets):
        if one["datasource"] != {"type": "prometheus", "uid": "${datasource}"}:
            yield "asks another data source than ${datasource}"
    steps = [step["value"] for step in panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", [])]
    if steps and (steps[0] is not None or steps[1:] != sorted(steps[1:])):
        yield "has thresholds out of order"


def all_panel_faults(documents):
    for file, document in documents.items():
        for panel in material.panels(document):
            if panel["type"] not in KINDS or not panel["title"]:
                yield f"{file}: {panel['id']}: of the type {panel['type']}, called \"{panel['title']}\""
            elif panel["type"] != "row":
                yield from (f"{file}: {panel['title']}: {fault}" for fault in panel_faults(panel))


def cells(panel):
    at = panel["gridPos"]
    return {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}


def layout_faults(documents):
    for file, document in documents.items():
        taken = set()
        for panel in document["panels"]:
            own = cells(panel)
            if own & taken:
                yield f"{file}: {panel['title']} lies on another panel"
            if any(x >= WIDTH for x, _ in own):
                yield f"{file}: {panel['title']} is too far right"
            taken |= own


def variable_faults(documents):
    for file, document in documents.items():
        variables = document["templating"]["list"]
        names = [one["name"] for one in variables]
        asked = " ".join([expression for _, expression in material.queries(document)] +
                         [one["definition"] for one in variables if one["type"] == "query"] + ["${datasource}"])
        used = set(re.findall(r"\$\{?([a-zA-Z_]\w*)", asked))
        yield from (f"{file}: ${name} is used and not defined" for name in sorted(used - set(names) - BUILT_IN))
        yield from (f"{file}: ${name} is defined and not used" for name in names if name not in used)
        if variables[0]["type"] != "datasource" or variables[0]["query"] != "prometheus":
            yield f"{file}: its first variable is no data source"
        if document["schemaVersion"] < 39:
            yield f"{file}: schemaVersion {document['schemaVersion']}"


def made_faults():
    run = subprocess.run([sys.executable, "-B", material.TOP / "tools/dashboards/make.py", "--check"],
                         capture_output=True, text=True)
    return run.stderr.splitlines() or ([] if run.returncode == 0 else ["make.py failed"])


def main():
    documents = material.dashboards()
    tap = Tap()
    tap.result("there are four dashboards",
               {"api.json", "delivery.json", "providers.json", "database-and-queues.json"} ^ documents.keys())
    tap.result("they are what tools/dashboards makes", made_faults())
    tap.result("no id is there twice", id_faults(documents))
    tap.result("each panel has queries, legends, a unit and a description", all_panel_faults(documents))
    tap.result("no panel lies on another, or outside", layout_faults(documents))
    tap.result("each variable is defined, and used", variable_faults(documents))
    tap.end()


main()
