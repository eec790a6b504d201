"""arrivals - steady traffic, and whether each recipient of it got exactly one message: by the database, the provider
simulator's log and the mail server's folder."""
import collections
import json
import pathlib
import re
import subprocess
import threading
import time
import urllib.request

from running import bail_out

EVERY = 0.5  # seconds from one message to the next
ENDS = {"sms": "delivered", "email": "sent"}


class Traffic(threading.Thread):
    """A message by sms and email every half second, each to people who get no other."""

    def __init__(self, env):
        super().__init__(daemon=True)
        self.env, self.stopped = env, threading.Event()
        self.accepted, self.refused, self.slowest = [], [], 0.0

    def send(self, n):
        document = {"content": f"Parcel {n} is on its way", "subject": "Your parcel",
                    "recipients": [{"platform": "sms", "recipient": f"+1555123{n:04}"},
                                   {"platform": "email", "recipient": f"customer{n}@example.com"}]}
        request = urllib.request.Request(
            self.env["NOTIFY_URL"] + "/api/v1/messages", json.dumps(document).encode(),
            {"X-API-Key": self.env["NOTIFY_API_KEY"], "Content-Type": "application/json"})
        began = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                self.accepted.append(json.load(answer)["id"])
        except OSError as error:
            self.refused.append(str(error))
        self.slowest = max(self.slowest, time.monotonic() - began)

    def run(self):
        n = 0
        while not self.stopped.wait(EVERY):
            n += 1
            self.send(n)

    def stop(self):
        self.stopped.set()
        self.join(30)


def rows(env, query):
    run = subprocess.run(["psql", env["DATABASE_URL"], "-AtX", "-F", "\t", "-c", query], capture_output=True, text=True)
    if run.returncode:
        bail_out(f"psql: {run.stderr}")
    return [line.split("\t") for line in run.stdout.splitlines()]


def recipients(env):
    """{id: (platform, status, seconds from acceptance until it was sent)}"""
    found = rows(env, "SELECT message_id || '.' || n, platform, r.status, extract(epoch FROM r.sent_at - m.created_at)"
                      " FROM message_recipients r JOIN messages m ON m.id = message_id")
    return {name: (platform, status, float(seconds or "nan")) for name, platform, status, seconds in found}


def have_ended(env):
    return all(status == ENDS[platform] for platform, status, _ in recipients(env).values())


def simulated(env):
    """What was sent to the simulator; doctor's questions are left out."""
    with open(env["SIMULATOR_LOG"], encoding="utf-8") as log:
        return [one for one in map(json.loads, log) if one["kind"] == "request" and one["method"] == "POST"]


def deliveries(env):
    """{recipient's id: how often it was delivered}, by those who delivered."""
    mails = pathlib.Path(env["NOTIFY_MAILDIR"]).glob("new/*")
    named = [re.search(r"^Message-ID: *<([^@>]+)@", mail.read_text(), re.MULTILINE | re.IGNORECASE)[1] for mail in mails]
    return collections.Counter([one["recipient_id"] for one in simulated(env) if one["sid"]] + named)


def faults(env, traffic):
    found, delivered = recipients(env), deliveries(env)
    if traffic.refused:
        yield f"{len(traffic.refused)} calls of the API failed: {traffic.refused[0]}"
    if {name.rpartition(".")[0] for name in found} != set(traffic.accepted) or len(found) != 2 * len(traffic.accepted):
        yield f"{len(traffic.accepted)} messages were accepted, and the database has {len(found)} recipients"
    for name in sorted(found.keys() | delivered.keys()):
        if delivered[name] != 1 or name not in found:
            yield f"{name} was delivered {delivered[name]} times"
    if not have_ended(env):
        yield "not every recipient has ended"
    if rows(env, "SELECT 1 FROM message_events WHERE possible_duplicate LIMIT 1"):
        yield "a timeline says possible_duplicate"


def summary(env, traffic):
    refused = collections.Counter(one["code"] for one in simulated(env) if not one["sid"])
    yield f"API: {len(traffic.accepted)} calls answered 202, {len(traffic.refused)} not; the slowest took {traffic.slowest * 1000:.0f} ms"
    yield "Twilio refused " + ", ".join(f"{n} calls with {code}" for code, n in refused.items())
    for platform in ENDS:
        waits = sorted(seconds for of, _, seconds in recipients(env).values() if of == platform)
        yield (f"{platform}: {len(waits)} recipients; from acceptance to the provider: median {waits[len(waits) // 2]:.2f} s,"
               f" longest {waits[-1]:.1f} s")
