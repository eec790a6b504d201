"""stages - what bench/run measures, a function each: they take a Bench and return rows of figures.

A row is {figure: number}; its name says what was done.  Rates are a second, times milliseconds, CPU
times microseconds for a message or recipient.
"""
import json
import os
import subprocess
import time

import load
import stack as parts
from stack import Failed

AT_ONCE, AFTER = "+15560000001", {100: "+15550008010", 1000: "+15550008100"}  # docs/simulator.md


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def cpu_figures(before, after, count):
    """Of each part, of ours together, and of all: for one of so many."""
    used = {part: (after[part] - before.get(part, 0)) / count for part in after}
    return {**{f"cpu {part}": us for part, us in used.items()}, "cpu all": sum(used.values())}


def measured_load(bench, seconds, connections, **what):
    """wrk against the API: how many messages were accepted, and the row, with CPU times for one of them."""
    before = bench.stack.cpu()
    told = load.wrk(bench.stack.env, seconds, connections, **what)
    after = bench.stack.cpu()
    accepted = (told["requests"] - told["errors"]) * (what.get("bulk") or 1)
    if accepted == 0:
        raise Failed("nothing was accepted; see notify.fcgi's log in the bench's folder")
    return accepted, {"accepted/s": accepted / told["seconds"], "p50 ms": told["p50_ms"],
                      "p95 ms": told["p95_ms"], "p99 ms": told["p99_ms"], "errors": told["errors"],
                      **cpu_figures(before, after, accepted)}


def accept(bench):
    """Worker off: what accepting alone can do."""
    bench.stack.set_worker(False)
    rows = {}
    for recipients, connections in bench.plan["accept"]:
        bench.progress(f"accept, {recipients} recipient(s), {connections} connections")
        bench.stack.empty()
        _, row = measured_load(bench, bench.plan["seconds"], connections, recipients=recipients)
        row["recipients/s"] = row["accepted/s"] * recipients
        row["PSS notify.fcgi MB"] = bench.stack.pss_mb("notify.fcgi")
        rows[f"accept {recipients} recipient(s), {connections} connections, {bench.stack.front}"] = row
    return rows


def bulk(bench):
    bench.stack.set_worker(False)
    bench.stack.empty()
    bench.progress("bulk of 1,000")
    _, row = measured_load(bench, bench.plan["seconds"], 2, bulk=1000)
    return {f"bulk of 1000, 2 connections, {bench.stack.front}": row}


def wait_until_sent(stack, most_seconds):
    """Until nothing waits any more; the memory of workerd at its largest."""
    most, limit = 0, time.monotonic() + most_seconds
    while stack.sql("SELECT EXISTS (SELECT FROM dispatch) OR EXISTS (SELECT FROM dispatch_runs)") == "t":
        if time.monotonic() > limit:
            raise Failed(f"{stack.open_rows()} recipients still wait after {most_seconds} s")
        most = max(most, stack.pss_mb("workerd"))
        time.sleep(0.1)
    return most


def drain(bench):
    """What waits is accepted while workerd is down; then it is started."""
    rows = {}
    for ms, count in bench.plan["drain"]:
        bench.progress(f"drain of {count}, provider answers after {ms} ms")
        bench.stack.set_worker(False)
        bench.stack.empty()
        load.fill(bench.stack.env, count, AFTER.get(ms))
        bench.stack.sql("ANALYZE messages, message_recipients, dispatch")
        bench.stack.set_worker(True)
        before, begun = bench.stack.cpu(), time.monotonic()
        before["workerd"] = 0  # it has just begun
        most = wait_until_sent(bench.stack, 60 + count / 500)
        took = time.monotonic() - begun
        rows[f"drain, provider after {ms} ms"] = {
            "sent/s": count / took, "PSS workerd MB": most,
            **cpu_figures(before, bench.stack.cpu(), count)}
    return rows


def both(bench):
    """Accepting and delivering at once, then the rest."""
    bench.stack.set_worker(False)
    bench.stack.empty()
    bench.stack.set_worker(True)
    rows = {}
    for connections in bench.plan["both"]:
        bench.progress(f"accept and deliver at once, {connections} connections")
        before, seconds = bench.stack.cpu(), bench.plan["seconds"] * 2
        accepted, row = measured_load(bench, seconds, connections)
        row["sent/s"] = (accepted - bench.stack.open_rows()) / seconds
        wait_until_sent(bench.stack, 300)
        row.update(cpu_figures(before, bench.stack.cpu(), accepted))
        rows[f"accept and deliver, {connections} connections, {bench.stack.front}"] = row
    return rows


def asked_at(bench, since):
    """When the simulator got each message: {number: time of day}."""
    at = {}
    with open(bench.stack.env["SIMULATOR_LOG"]) as file:
        file.seek(since)
        for line in file:
            told = json.loads(line)
            if told["kind"] == "request" and told["body"]:
                at[int(told["body"].rsplit(" ", 1)[1])] = parse_time(told["time"])
    return at


def parse_time(text):
    from datetime import datetime
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def end_to_end(bench):
    """From the call to the provider's request, at rates that leave the machine idle or half busy."""
    bench.stack.set_worker(True)
    rows = {}
    for rate, seconds in bench.plan["steady"]:
        bench.progress(f"{rate} messages a second, end to end")
        since = os.path.getsize(bench.stack.env["SIMULATOR_LOG"])
        told = load.paced(bench.stack.env, rate, seconds, 1 if rate <= 50 else 4)
        wait_until_sent(bench.stack, 60)
        time.sleep(0.2)
        asked = asked_at(bench, since)
        posts = [took * 1000 for _, _, took in told]
        ways = [(asked[number] - at) * 1000 for number, at, _ in told if number in asked]
        if len(ways) < len(told):
            raise Failed(f"{len(told) - len(ways)} of {len(told)} messages did not reach the simulator")
        rows[f"steady, {rate} messages/s"] = {
            "POST p50 ms": quantile(posts, 0.5), "POST p99 ms": quantile(posts, 0.99),
            "to provider p50 ms": quantile(ways, 0.5), "to provider p99 ms": quantile(ways, 0.99)}
    return rows


def flight(bench):
    """workerd with 1,000 calls in flight, which run_stages() lets it have."""
    bench.stack.set_worker(False)
    bench.stack.empty()
    bench.progress("1,000 in flight")
    load.fill(bench.stack.env, 10000, AFTER[1000])
    bench.stack.set_worker(True)
    most, until = 0, time.monotonic() + 6
    while time.monotonic() < until:
        most = max(most, bench.stack.pss_mb("workerd"))
        time.sleep(0.1)
    return {"1,000 in flight": {"PSS workerd MB": most}}


def memory(bench):
    """At rest, after all the load."""
    bench.stack.set_worker(True)
    bench.stack.empty()
    time.sleep(3)
    return {"memory at rest": {f"PSS {part} MB": bench.stack.pss_mb(part) for part in parts.OURS}}


def lists(bench):
    """bench/lists has the details."""
    if not bench.plan["lists"]:
        return {}
    bench.progress("lists of 1,000,000 messages: some minutes to write them")
    bench.stack.empty()
    path = os.path.join(bench.work, "lists.json")
    done = subprocess.run([f"{parts.SOURCE}/bench/lists", bench.stack.folder, str(bench.plan["lists"]), path],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Failed(f"bench/lists: {done.stdout[-500:]}")
    with open(path) as file:
        return lists_rows(json.load(file))


def lists_rows(told):
    rows = {}
    for one in told["lists"]:
        name = "&".join(f"{key}={value}" for key, value in one["filters"].items() if "created" not in key)
        if len(name.split("&")) == len(one["filters"]) or not one["filters"]:
            rows[f"list, {name or 'no filter'}"] = {
                f"{page} page ms": one[page]["median_ms"] for page in ("first", "deep", "last") if page in one}
    return rows


def floor_of(bench, program, *arguments):
    """A program of bench/floor: what it prints, and the CPU time of the parts meanwhile."""
    before = bench.stack.cpu()
    done = subprocess.run([os.path.join(bench.floors, program), *map(str, arguments)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise Failed(f"bench/floor/{program}: {done.stderr.strip()}")
    return json.loads(done.stdout), before, bench.stack.cpu()


def floor_neighbours(bench):
    """The same rows and the same events, and nothing of ours."""
    bench.stack.set_worker(False)
    rows, seconds = {}, bench.plan["seconds"]
    for threads, messages, recipients in [(16, 1, 1), (4, 64, 1), (2, 1, 100), (2, 1000, 1)]:
        bench.progress(f"floor: Postgres, {messages} message(s) of {recipients} recipient(s) a commit")
        bench.stack.empty()
        told, before, after = floor_of(bench, "postgres", bench.stack.env["DATABASE_URL"], seconds, threads,
                                       messages, recipients)
        count = told["messages_per_s"] * seconds
        rows[f"floor: Postgres, {messages} message(s) of {recipients} recipient(s) a commit"] = {
            "accepted/s": told["messages_per_s"], "cpu postgres": (after["postgres"] - before["postgres"]) / count}
    for window in (1, 100):
        bench.progress(f"floor: RabbitMQ, confirms for {window}")
        told, before, after = floor_of(bench, "rabbitmq", bench.stack.env["AMQP_URL"], seconds, window)
        count = told["events_per_s"] * seconds
        rows[f"floor: RabbitMQ, confirms for {window}"] = {
            "events/s": told["events_per_s"], "cpu rabbitmq": (after["rabbitmq"] - before["rabbitmq"]) / count}
    bench.stack.empty()
    return rows


def floor_front(bench):
    """In the place of notify.fcgi a responder that does nothing; see bench/run."""
    rows = {}
    for connections in sorted({connections for _, connections in bench.plan["accept"]}):
        bench.progress(f"floor: an empty responder, {connections} connections")
        told = load.wrk(bench.stack.env, bench.plan["seconds"], connections)
        rows[f"floor: empty responder, {connections} connections, {bench.stack.front}"] = {
            "accepted/s": (told["requests"] - told["errors"]) / told["seconds"], "p50 ms": told["p50_ms"],
            "p99 ms": told["p99_ms"], "errors": told["errors"]}
    return rows


