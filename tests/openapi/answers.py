"""answers - holds the exchanges that tests/integration/record.c wrote against docs/openapi.yaml.

    tests/openapi/python.sh answers.py FILE

Prints TAP: a line for each operation and status that was seen, and one that wants a success of each
operation.  Equal exchanges are looked at once.
"""
import pathlib
import sys

from description import Description
from judge import Exchange, judge
from tap import Tap

SHOWN = 5  # faulty exchanges of one line
TOP = pathlib.Path(__file__).resolve().parents[2]


class Group:
    """The exchanges that asked the same and got the same status."""

    def __init__(self):
        self.count, self.bad = 0, []

    def add(self, asked, faults):
        self.count += 1
        if faults and (asked, faults) not in self.bad:
            self.bad.append((asked, faults))

    def words(self):
        for asked, faults in self.bad[:SHOWN]:
            yield asked
            yield from (f"    {fault}" for fault in faults)
        if len(self.bad) > SHOWN:
            yield f"and {len(self.bad) - SHOWN} more"


def read(description, path):
    """{(what was asked, status): its group}"""
    groups, verdicts = {}, {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line not in verdicts:
                exchange = Exchange(line)
                verdicts[line] = exchange.status, str(exchange), *judge(description, exchange)
            status, asked, name, faults = verdicts[line]
            groups.setdefault((name, status), Group()).add(asked, faults)
    return groups


def unseen(description, groups):
    for method, path, operation in description.operations():
        successes = [int(status) for status in operation["responses"] if status < "300"]
        if not any((f"{method} {path}", status) in groups for status in successes):
            yield f"{method} {path} was not"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    description = Description(TOP / "docs/openapi.yaml")
    groups = read(description, sys.argv[1])
    tap = Tap()
    for (name, status), group in sorted(groups.items()):
        tap.result(f"{name} answers {status} as described ({group.count} times)", group.words())
    tap.result("each operation was seen to succeed", unseen(description, groups))
    tap.end()


main()
