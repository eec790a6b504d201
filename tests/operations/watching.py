"""watching - what the logs, /ready and Prometheus tell while something happens, each with its time, for one timeline."""
import json
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime

LOOK_EVERY = 0.25  # seconds
TOLD_AT_INFO = {"broker.back", "cache.back", "database.back", "breaker.closed", "config.reloaded"}  # of lower levels than warn, these too


class Timeline:
    """Lines in the order of their times, which count from where it was made."""

    def __init__(self):
        self.start, self.lines = time.time(), []

    def now(self):
        return time.time() - self.start

    def add(self, source, what, at=None):
        """at: of what happened earlier, in seconds of this timeline.  Answers when it was."""
        at = self.now() if at is None else at
        self.lines.append((at, source, what.rstrip("\n")))
        return at

    def first(self, source, words, after=0.0):
        """When a line of that source with those words is first told; None: never."""
        return min((at for at, where, what in list(self.lines) if where == source and words in what and at >= after), default=None)

    def text(self):
        indent = "\n" + " " * 21
        return "\n".join(f"{at:+7.1f} s  {source:<8}  {what}".replace("\n", indent) for at, source, what in sorted(self.lines))


class Watch(threading.Thread):
    """Looks again and again until it is stopped; look() is its own."""

    def __init__(self, timeline):
        super().__init__(daemon=True)
        self.timeline, self.stopped, self.fault = timeline, threading.Event(), None

    def run(self):
        try:
            while not self.stopped.is_set():
                self.look()
                self.stopped.wait(LOOK_EVERY)
            self.look()
        except Exception as fault:  # told by stop(): a thread has nobody to raise to
            self.fault = fault

    def stop(self):
        self.stopped.set()
        self.join(30)
        if self.fault:
            raise self.fault


class LogWatch(Watch):
    """The lines of one program's log that tell of trouble and its end, as they were written; without time and program."""

    def __init__(self, timeline, path):
        super().__init__(timeline)
        self.path, self.place = path, path.stat().st_size

    def look(self):
        with open(self.path, encoding="utf-8") as log:
            log.seek(self.place)
            text = log.read()
        whole = text[:text.rfind("\n") + 1]
        self.place += len(whole.encode())
        for line in whole.splitlines():
            self.take(line)

    def take(self, line):
        try:
            told = json.loads(line)
        except ValueError:
            return  # of a part that starts: not ours
        event = told["event"]
        at = datetime.fromisoformat(told.pop("time").replace("Z", "+00:00")).timestamp() - self.timeline.start
        program = told.pop("program")
        if told["level"] in ("warn", "error") or event in TOLD_AT_INFO:
            self.timeline.add("log", f"{program} {json.dumps(told, separators=(',', ':'))}", at)


class ReadyWatch(Watch):
    """What /ready says, wherever it changes."""

    def __init__(self, timeline, name, url):
        super().__init__(timeline)
        self.name, self.url, self.last = name, url + "/ready", None

    def look(self):
        try:
            with urllib.request.urlopen(self.url, timeout=5) as answer:
                status, document = answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            status, document = error.code, json.load(error)
        said = f"{status} {document['status']}: " + ", ".join(
            f"{part} {it['status']}" for part, it in document["checks"].items())
        if said != self.last:
            self.timeline.add("ready", f"{self.name} {said}")
        self.last = said


class AlertWatch(Watch):
    """Each alert as it becomes pending, firing, and inactive again."""

    def __init__(self, timeline, prometheus):
        super().__init__(timeline)
        self.prometheus, self.states = prometheus, {}

    def look(self):
        seen = {}
        for one in self.prometheus.get("alerts")[0]["alerts"]:
            labels = dict(one["labels"])
            name, severity = labels.pop("alertname"), labels.pop("severity")
            about = ", ".join(f"{k}={v}" for k, v in sorted(labels.items()) if k != "job")
            seen[f"{name}{{{about}}}"] = (one["state"], severity, one["annotations"]["summary"])
        for alert, (state, severity, summary) in seen.items():
            if self.states.get(alert) != state:
                self.timeline.add("alert", f"{alert} {state} ({severity}): {summary}")
        for alert in self.states.keys() - seen.keys():
            self.timeline.add("alert", f"{alert} inactive")
        self.states = {alert: said[0] for alert, said in seen.items()}


def history(prometheus, timeline, expression, step):
    """{seconds of the timeline: value} of an expression of one series."""
    data, fault = prometheus.get("query_range", query=expression, start=timeline.start, end=time.time(), step=step)
    if fault:
        raise ValueError(f"{expression}: {fault}")
    return {at - timeline.start: float(value) for series in data["result"] for at, value in series["values"]}
