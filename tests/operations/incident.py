"""incident - a provider refuses our credentials while RabbitMQ restarts: played on a real system, told as a timeline.

  tests/openapi/python.sh tests/operations/incident.py BUILD    BUILD: a build tree with the programs

Starts a system of its own by ./quickstart and a prometheus, both in a temporary folder and on free ports, sends a
message by sms and email every half second, and plays for about three minutes. The alerts are those of
docs/prometheus/alerts.yml with every duration (`for`, and the ranges that they look at) a tenth of what it is; so
is `[worker] retry_base_ms`, by which retries and breakers are timed. What they compare with stays as it is.
Exit 0: everything was seen, everything arrived once, and all is quiet again. docs/incident.md tells such a run.
"""
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

import arrivals
import material
import yaml
from running import MISSING, Prometheus, bail_out, missing_programs, run_notifyctl, system, until
from watching import AlertWatch, LogWatch, ReadyWatch, Timeline, history

FACTOR = 10  # so much faster than by docs/prometheus/alerts.yml and the defaults
SETTINGS = (f"worker.retry_base_ms={1000 // FACTOR}",)
RABBITMQ_AWAY = 10
PATIENCE = 200  # for what takes longest: ProviderDown, 15 minutes / FACTOR after the breaker opened
UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

METRICS = {"sms accepted": 'sum(increase(messages_accepted_total{job="notify-fcgi",platform="sms"}[5s]))/5',
           "sms published": 'sum(increase(messages_published_total{platform="sms"}[5s]))/5',
           "sms sent": 'sum(increase(messages_processed_total{job="workerd",platform="sms",outcome="sent"}[5s]))/5',
           "email sent": 'sum(increase(messages_processed_total{job="workerd",platform="email",outcome="sent"}[5s]))/5',
           "dispatch_due": 'max(dispatch_due{job="workerd"})',
           "breaker of twilio": 'max(provider_breaker_state{job="workerd",provider="twilio"})'}

DEEDS = {"broken": "wrong token", "stopped": "RabbitMQ stopped", "started": "RabbitMQ started", "mended": "right token"}
# What must be seen: after which deed, where, and with which words.
SIGNALS = [
    ("broken", "log", 'workerd {"level":"info","event":"config.reloaded"'),
    ("broken", "log", 'workerd {"level":"error","event":"breaker.open"'),
    ("broken", "alert", "ProviderBreakerOpen{provider=twilio} pending"),
    ("broken", "alert", "ProviderBreakerOpen{provider=twilio} firing"),
    ("broken", "alert", "ProviderDown{provider=twilio} firing"),
    ("stopped", "log", 'notify.fcgi {"level":"warn","event":"broker.away"'),
    ("stopped", "log", 'workerd {"level":"warn","event":"broker.away"'),
    ("stopped", "ready", "notify.fcgi 200 degraded"),
    ("stopped", "ready", "workerd 200 degraded"),
    ("started", "log", 'workerd {"level":"info","event":"broker.back"'),
    ("started", "log", 'notify.fcgi {"level":"info","event":"broker.back"'),
    ("started", "ready", "workerd 200 ok"),
    ("started", "ready", "notify.fcgi 200 ok"),
    ("mended", "log", 'workerd {"level":"info","event":"config.reloaded"'),
    ("mended", "log", 'workerd {"level":"info","event":"breaker.closed"'),
    ("mended", "alert", "ProviderBreakerOpen{provider=twilio} inactive"),
    ("mended", "alert", "ProviderDown{provider=twilio} inactive"),
]
# The last two come and go with what the belt was given before the breaker opened, and when RabbitMQ came back.
ALERTS = {"ProviderBreakerOpen", "ProviderDown", "SchedulerLag", "DeliveryStalled"}

# How the person on call follows events, and what doctor has to say then: its exit status, and what fails.
TAILS = {"well": ("--platform", "sms", "--since", "5s", "--count", "8"), "both": ("--errors", "--since", "30s"),
         "down": ("--errors", "--since", "2m"), "mended": ("--platform", "sms", "--since", "1s", "--count", "8")}
DOCTOR = {"well": (0, set()), "both": (1, {("rabbitmq", "server"), ("providers", "credentials twilio")}),
          "down": (1, {("providers", "credentials twilio")}), "mended": (0, set()), "end": (0, set())}


# --- the alerts, in a hurry -------------------------------------------------------------------------------

def shortened(duration):
    return f"{int(duration[:-1]) * UNITS[duration[-1]] // FACTOR}ms"


def hurried_rules():
    """docs/prometheus/alerts.yml with every duration divided by FACTOR."""
    document = yaml.safe_load(material.read("docs/prometheus/alerts.yml"))
    for rule in (rule for group in document["groups"] for rule in group["rules"]):
        rule["expr"] = re.sub(r"(?<=[\[:])\d+[smhd](?=[\]:])|(?<=offset )\d+[smhd]", lambda d: shortened(d[0]), rule["expr"])
        if "for" in rule:
            rule["for"] = shortened(rule["for"])
    return yaml.safe_dump(document)


# --- the play ---------------------------------------------------------------------------------------------

class Play:
    def __init__(self, env, folder, timeline):
        self.env, self.folder, self.timeline = env, folder, timeline
        self.times, self.found, self.queues = {}, {}, {}
        self.config = pathlib.Path(env["NOTIFY_CONFIG"])
        token = re.search(r"^auth_token = (.+)$", self.config.read_text(), re.MULTILINE)[1]
        self.tokens = (token, token[:-1] + ("0" if token[-1] != "0" else "1"))  # the right one, and one with a typing error

    def did(self, what, deed=None):
        print(f"{self.timeline.now():+7.1f} s  {what}", file=sys.stderr, flush=True)
        self.times[deed] = self.timeline.add("did", what)

    def sees(self, *words):
        """What notifyctl answers to the person on call: exit status and text."""
        began = self.timeline.now()
        run = run_notifyctl(self.env, *words)
        said = (run.stdout + run.stderr).replace(str(self.folder), "DIR")
        self.timeline.add(words[0], f"$ notifyctl {' '.join(words)}    (exit {run.returncode})\n{said}", began)
        return run.returncode, said

    def waits_for(self, source, words, deed, seconds=PATIENCE):
        """The end of the play where it is not told."""
        if not until(lambda: self.timeline.first(source, words, self.times[deed]) is not None, seconds):
            print(self.timeline.text())
            bail_out(f"not seen within {seconds} s after {DEEDS[deed]}: {source} {words}")

    def service(self, word, part):
        subprocess.run(["sv", word, self.folder / "sv" / part], check=True, stdout=subprocess.DEVNULL)

    def put_token(self, token):
        """As an editor does: the file is whole at every moment."""
        new = self.config.with_suffix(".new")
        new.touch(0o600)
        new.write_text(re.sub(r"^auth_token = .+$", f"auth_token = {token}", self.config.read_text(), flags=re.MULTILINE))
        new.replace(self.config)
        self.service("hup", "workerd")

    def asks_doctor(self, name):
        self.found[name] = self.sees("doctor")

    def tails(self, name):
        self.sees("tail", *TAILS[name], "--for", "2")

    def looks(self, name):
        self.asks_doctor(name)
        self.queues[name] = self.sees("queue", "status", "--interval", "1")[1]
        self.tails(name)

    def run(self):
        time.sleep(8)
        self.did("all is well; the person on call takes the usual look")
        self.looks("well")
        self.did("a new auth_token of Twilio goes into the configuration, with a typing error; SIGHUP to workerd", "broken")
        self.put_token(self.tokens[1])
        self.waits_for("log", '"breaker.open"', "broken")
        time.sleep(3)
        self.did("RabbitMQ is stopped, for an update of its host", "stopped")
        self.service("down", "rabbitmq")
        self.waits_for("log", '"broker.away"', "stopped")
        time.sleep(2)
        self.did("the person on call looks")
        self.looks("both")
        time.sleep(max(0.0, self.times["stopped"] + RABBITMQ_AWAY - self.timeline.now()))
        self.did("RabbitMQ is started again", "started")
        self.service("up", "rabbitmq")
        self.waits_for("alert", "ProviderDown{provider=twilio} firing", "broken")
        self.did("ProviderDown wakes the person on call, who looks")
        self.looks("down")
        self.did("the right auth_token goes in; SIGHUP to workerd", "mended")
        self.put_token(self.tokens[0])
        self.asks_doctor("mended")
        self.waits_for("log", '"breaker.closed"', "mended")
        self.tails("mended")


# --- the judgement ----------------------------------------------------------------------------------------

def failing(said):
    """{(group, subject)} of doctor's lines that say FAIL."""
    group, found = None, set()
    for line in said.splitlines():
        if re.fullmatch(r"[a-z]+", line):
            group = line
        elif line.startswith("  FAIL "):
            found.add((group, re.split(r"  +", line.strip())[1]))
    return found


def witness_faults(play):
    for name, (status, fails) in DOCTOR.items():
        got, said = play.found[name]
        if got != status or failing(said) != fails:
            yield f"doctor ({name}): exit {got}, and FAIL of {sorted(failing(said))}"
    for name in ("both", "down"):
        if not re.search(r"^twilio +twilio +(open|half-open) .*credentials refused$", play.queues[name], re.MULTILINE):
            yield f"queue status ({name}) does not tell that the breaker is open, and why"
    for deed, source, words in SIGNALS:
        if play.timeline.first(source, words, play.times[deed]) is None:
            yield f"never seen after {DEEDS[deed]}: {source} {words}"
    for _, source, what in play.timeline.lines:
        if source == "alert" and what.partition("{")[0] not in ALERTS:
            yield f"an alert of something else: {what}"


def secret_faults(play, text):
    password = urllib.parse.urlsplit(play.env["DATABASE_URL"]).password
    if any(secret in text for secret in (*play.tokens, password, play.env["NOTIFY_API_KEY"])):
        yield "a secret is in what was told"


def add_metrics(prometheus, timeline):
    told = {name: history(prometheus, timeline, expression, 10) for name, expression in METRICS.items()}
    for at in sorted(told["breaker of twilio"]):
        values = (f"{name} {told[name][at]:.1f}/s" if "[5s]" in METRICS[name] else f"{name} {told[name][at]:.0f}"
                  for name in METRICS if at in told[name])
        timeline.add("metrics", ", ".join(values), at)


def signal_times(play):
    for deed, source, words in SIGNALS:
        at = play.timeline.first(source, words, play.times[deed])
        if at is not None:
            what = re.sub(r' \{"level.*"event":"(.*)"', r" \1", words)
            yield f"{DEEDS[deed]:<17}{at - play.times[deed]:+7.1f} s  {source:<6} {what}"


# --- main -------------------------------------------------------------------------------------------------

def is_well(prometheus):
    """Both programs are scraped and a scheduler runs, and the alerts know it."""
    seen, _ = prometheus.query('(count(up == 1) == 2) and on() scheduler_lag_seconds{job="workerd"}')
    return bool(seen) and not prometheus.get("alerts")[0]["alerts"]


def play_it(env, folder, prometheus):
    timeline = Timeline()
    play, traffic, alerts = Play(env, folder, timeline), arrivals.Traffic(env), AlertWatch(timeline, prometheus)
    watches = [alerts, ReadyWatch(timeline, "notify.fcgi", env["NOTIFY_URL"]), ReadyWatch(timeline, "workerd", env["WORKERD_URL"]),
               *(LogWatch(timeline, folder / "log" / f"{part}.log") for part in ("workerd", "fcgi-1", "fcgi-2"))]
    for one in (*watches, traffic):
        one.start()
    play.run()
    traffic.stop()
    if until(lambda: arrivals.have_ended(env), 60):
        play.did("the last message has arrived")
    until(lambda: not alerts.states, 120)
    play.asks_doctor("end")
    audit, _ = play.sees("audit")
    for one in watches:
        one.stop()
    add_metrics(prometheus, timeline)
    text = timeline.text()
    print(text, "", *signal_times(play), "", *arrivals.summary(env, traffic), "", sep="\n")
    faults = [*arrivals.faults(env, traffic), *witness_faults(play), *secret_faults(play, text),
              *([f"audit finds a fault: exit {audit}"] if audit else []),
              *(f"still {state}: {alert}" for alert, state in alerts.states.items())]
    print(*(f"FAULT: {one}" for one in faults), "incident: " + ("NOT as promised" if faults else "all as promised"), sep="\n")
    return bool(faults)


def main(build):
    for program in missing_programs("prometheus", "psql", "sv"):
        sys.exit(f"incident: {program} {MISSING}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="notify-incident-") as name:
        folder = pathlib.Path(name)
        (folder / "alerts.yml").write_text(hurried_rules())
        with system(folder / "system", pathlib.Path(build).resolve(), *SETTINGS) as env:
            prometheus = Prometheus(folder / "prometheus", env, folder / "alerts.yml")
            try:
                if not until(lambda: prometheus.is_ready() and is_well(prometheus), 60):
                    bail_out("all is not well before it begins")
                return play_it(env, folder / "system", prometheus)
            finally:
                prometheus.stop()


if len(sys.argv) != 2:
    sys.exit(__doc__)
sys.exit(main(sys.argv[1]))
