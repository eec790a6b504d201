"""alerts - docs/prometheus/alerts.yml: each alert is tested, explained, and asks for what exists."""
import re

import yaml

import material
from tap import Tap

QUESTIONS = ("It means", "Users notice", "Look first", "Do", "It is over")
ANNOTATIONS = {"summary", "description", "runbook_url"}


def cases():
    """(alert, whether it fires, what is expected) of each look of alerts_test.yml."""
    for group in yaml.safe_load(material.read("docs/prometheus/alerts_test.yml"))["tests"]:
        for look in group["alert_rule_test"]:
            yield look["alertname"], bool(look["exp_alerts"]), look["exp_alerts"] or []


def test_faults(alerts):
    looks = list(cases())
    for name in sorted({alert for alert, _, _ in looks} - alerts.keys()):
        yield f"alerts_test.yml tests {name}, which is no alert"
    for name in alerts:
        if not any(alert == name and fires for alert, fires, _ in looks):
            yield f"{name}: no case of alerts_test.yml makes it fire"
        if not any(alert == name and not fires for alert, fires, _ in looks):
            yield f"{name}: in no case of alerts_test.yml must it be quiet"
    for alert, _, expected in looks:
        for one in expected:
            if one.get("exp_annotations", {}).keys() != ANNOTATIONS or "severity" not in one.get("exp_labels", {}):
                yield f"{alert}: a case does not compare all labels and annotations"


def form_faults(alerts):
    for name, rule in alerts.items():
        annotations, severity = rule.get("annotations", {}), rule.get("labels", {}).get("severity")
        if annotations.keys() != ANNOTATIONS:
            yield f"{name}: its annotations are {', '.join(annotations)}"
        if severity not in ("critical", "warning"):
            yield f"{name}: severity {severity}"
        if not re.search(r"\d|\$value", annotations.get("description", "")):
            yield f"{name}: its description tells no number"


def runbook_faults(alerts, runbook):
    chapters = material.sections(material.sections(runbook, 2).get("Alerts", ""), 3)
    chapters |= {title: body for title, body in material.sections(runbook, 3).items() if title in alerts}
    for name, rule in alerts.items():
        file, _, anchor = rule["annotations"]["runbook_url"].rpartition("/")[2].partition("#")
        if (file, anchor) != ("operations.md", name.lower()):
            yield f"{name}: its runbook_url leads to {file}#{anchor}, not operations.md#{name.lower()}"
        if name not in chapters:
            yield f"{name}: docs/operations.md has no section for it"
        for question in QUESTIONS if name in chapters else ():
            if not re.search(rf"^\*\*{question}\b[^*]*\*\*,? \S", chapters[name], re.MULTILINE):
                yield f"{name}: its section does not tell \"{question}\""


def stale_sections(alerts, runbook):
    part = runbook.partition("\n## Alerts\n")[2].partition("\n## ")[0]
    return [f"{title} is no alert" for title in re.findall(r"^### (.+)$", part, re.MULTILINE) if title not in alerts]


def command_faults(runbook):
    known = material.commands()
    for group, verb in sorted(set(re.findall(r"\bnotifyctl ([a-z]+)(?: ([a-z]+))?", runbook))):
        if (group, verb) not in known and (group, "") not in known:
            yield f"notifyctl {group} {verb}".strip() + " is not in ctl/commands.c"


def main():
    alerts, runbook, metrics = material.alerts(), material.read("docs/operations.md"), material.documented()
    tap = Tap()
    tap.result("each alert has a case that fires and one that does not", test_faults(alerts))
    tap.result("each alert has a severity, a summary and a description with its number", form_faults(alerts))
    tap.result("each alert leads to its section of the runbook, which answers every question", runbook_faults(alerts, runbook))
    tap.result("each section of the runbook is about an alert", stale_sections(alerts, runbook))
    tap.result("each command of the runbook exists", command_faults(runbook))
    tap.result("alerts and dashboards ask for metrics and labels of docs/metrics.md",
               [f"{place}: {fault}" for place, expression in material.expressions()
                for fault in material.unknown_names(expression, metrics)])
    tap.end()


main()
