"""report - figures for people: a table, the goals, and what changed since another run."""

# What this server is to do on two cores that everything shares, load generator included.
GOALS = [
    ("accept 1 recipient(s), 128 connections, nginx", "accepted/s", ">=", 8000),
    ("accept 1 recipient(s), 128 connections, nginx", "p99 ms", "<=", 40),
    ("accept 1 recipient(s), 128 connections, nginx", "cpu without load", "<=", 180),
    ("accept 1 recipient(s), 32 connections, lighttpd", "accepted/s", ">=", 5000),
    ("accept 100 recipient(s), 32 connections, nginx", "accepted/s", ">=", 1200),
    ("bulk of 1000, 2 connections, nginx", "accepted/s", ">=", 25000),
    ("drain, provider after 0 ms", "sent/s", ">=", 12000),
    ("drain, provider after 0 ms", "cpu without load", "<=", 140),
    ("drain, provider after 100 ms", "sent/s", ">=", 7000),
    ("accept and deliver, 128 connections, nginx", "accepted/s", ">=", 5500),
    ("accept and deliver, 128 connections, nginx", "sent/s", ">=", 5500),
    ("accept and deliver, 128 connections, nginx", "p99 ms", "<=", 60),
    ("steady, 20 messages/s", "POST p50 ms", "<=", 3),
    ("steady, 20 messages/s", "to provider p50 ms", "<=", 10),
    ("accept 1 recipient(s), 128 connections, nginx", "PSS notify.fcgi MB", "<=", 20),
    ("1,000 in flight", "PSS workerd MB", "<=", 32),
]

# Our rate as a share of that of a floor of the same run; the work of the floor is a part of ours.
SHARES = [
    ("accept 1 recipient(s), {c} connections, {front}", "accepted/s",
     "floor: empty responder, {c} connections, {front}", "accepted/s"),
    ("accept 1 recipient(s), {c} connections, {front}", "accepted/s",
     "floor: Postgres, 64 message(s) of 1 recipient(s) a commit", "accepted/s"),
    ("accept 100 recipient(s), {c} connections, {front}", "accepted/s",
     "floor: Postgres, 1 message(s) of 100 recipient(s) a commit", "accepted/s"),
    ("bulk of 1000, 2 connections, {front}", "accepted/s",
     "floor: Postgres, 1000 message(s) of 1 recipient(s) a commit", "accepted/s"),
    ("drain, provider after 0 ms", "sent/s", "floor: RabbitMQ, confirms for 100", "events/s"),
]


def number(value):
    if value == 0:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"


def figure(rows, row, name):
    """None where it was not measured.  CPU without the load generator and without the provider that is played."""
    told = rows.get(row, {})
    if name == "cpu without load" and "cpu all" in told:
        return told["cpu all"] - told.get("cpu simulator", 0)
    return told.get(name)


def print_rows(rows):
    for name, told in rows.items():
        rates = [f"{key} {number(value)}" for key, value in told.items() if not key.startswith("cpu ")]
        cpu = [f"{key[4:]} {number(value)}" for key, value in told.items() if key.startswith("cpu ") and value >= 0.5]
        print(f"\n{name}\n    {'   '.join(rates)}")
        if cpu:
            print(f"    CPU us each: {'   '.join(cpu)}")


def goals(rows):
    """(row, figure, relation, goal, value, whether it is met) of those that were measured."""
    for row, name, relation, goal in GOALS:
        value = figure(rows, row, name)
        if value is not None:
            yield row, name, relation, goal, value, value >= goal if relation == ">=" else value <= goal


def print_goals(rows):
    told = list(goals(rows))
    if not told:
        return
    print(f"\n{'goal':62} {'wanted':>12} {'measured':>10}")
    for row, name, relation, goal, value, met in told:
        print(f"{row + ': ' + name:62.62} {relation + ' ' + number(goal):>12} {number(value):>10}  "
              f"{'met' if met else 'NOT MET'}")


def print_shares(rows):
    lines = []
    for front in ("nginx", "lighttpd", "apache", "apache-fcgid", "caddy"):
        for c in (1, 8, 32, 64, 128):
            for ours, name, floor, floor_name in SHARES:
                a = figure(rows, ours.format(c=c, front=front), name)
                b = figure(rows, floor.format(c=c, front=front), floor_name)
                line = (ours.format(c=c, front=front), floor.format(c=c, front=front))
                if a and b and (line, a / b) not in lines:
                    lines.append((line, a / b))
    if lines:
        print("\nof the floors of this run")
    for (ours, floor), share in lines:
        print(f"{ours:52.52} {share * 100:5.0f} % of {floor.removeprefix('floor: ')}")


def print_changes(rows, old):
    """Figures that differ by more than noise, 15 %."""
    print("\nchanged by more than 15 % since the other run")
    some = False
    for row, told in rows.items():
        for name, value in told.items():
            before = old.get(row, {}).get(name)
            if before and value and abs(value / before - 1) > 0.15:
                some = True
                print(f"{row + ': ' + name:74.74} {number(before):>9} -> {number(value):>9}  {value / before - 1:+.0%}")
    if not some:
        print("nothing")
