"""load - what puts load on the API: wrk for rates, one patient client for times at rest."""
import http.client
import json
import os
import subprocess
import threading
import time

from stack import Failed

HERE = os.path.dirname(os.path.abspath(__file__))
JSON = "application/json"


def begin(env, seconds, connections, recipients=1, bulk=0):
    """Posts messages of so many recipients, or bulks of so many messages, meanwhile; for end()."""
    surroundings = dict(os.environ, NOTIFY_API_KEY=env["NOTIFY_API_KEY"], RECIPIENTS=str(recipients),
                        BULK=str(bulk))
    path = "/api/v1/messages" + ("/bulk" if bulk else "")
    try:
        return subprocess.Popen(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s",
                                 f"{HERE}/send.lua", env["NOTIFY_URL"] + path], env=surroundings,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        raise Failed("wrk is missing: apt-get install wrk") from None


def end(process):
    """What came of it: seconds, requests, errors (all but 202), and percentiles of the times."""
    said = process.communicate()[0]
    for line in said.splitlines():
        if line.startswith("{"):
            return json.loads(line)
    raise Failed(f"wrk said nothing that can be read:\n{said}")


def wrk(env, seconds, connections, **what):
    return end(begin(env, seconds, connections, **what))


class Client:
    """One kept connection."""

    def __init__(self, env):
        self.connection = http.client.HTTPConnection(env["NOTIFY_URL"].split("//")[1], timeout=30)
        self.headers = {"X-API-Key": env["NOTIFY_API_KEY"], "Content-Type": JSON}

    def post(self, body, path="/api/v1/messages"):
        self.connection.request("POST", path, body, self.headers)
        answer = self.connection.getresponse()
        said = answer.read()
        if answer.status != 202:
            raise Failed(f"POST {path}: {answer.status} {said[:300].decode()}")


def address(i):
    return f"+1556{i % 10000000:07}"


def message(i, to=None):
    return {"content": f"Your code is {i:07}", "recipients": [{"platform": "sms", "recipient": to or address(i)}]}


def fill(env, count, to=None):
    """So many messages of one recipient, by bulks of 1,000."""
    client = Client(env)
    for first in range(0, count, 1000):
        client.post(json.dumps({"messages": [message(i, to) for i in range(first, min(first + 1000, count))]}),
                    "/api/v1/messages/bulk")


def paced(env, rate, seconds, threads=4):
    """Posts at a steady rate; (number, time of day before the call, how long it took) of each."""
    told, lock = [], threading.Lock()

    def work(place):
        client, mine = Client(env), []
        begun = time.monotonic()
        for k in range(int(rate * seconds / threads)):
            due = begun + (k * threads + place) / rate
            time.sleep(max(0, due - time.monotonic()))
            number = k * threads + place
            at, start = time.time(), time.perf_counter()
            client.post(json.dumps(message(number)))
            mine.append((number, at, time.perf_counter() - start))
        with lock:
            told.extend(mine)

    workers = [threading.Thread(target=work, args=(place,)) for place in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if len(told) < int(rate * seconds / threads) * threads:
        raise Failed("a call at a steady rate was refused")
    return told
