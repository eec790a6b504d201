"""tables - holds docs/openapi.yaml and docs/api.md against the tables of the code.

fcgi/routes.c and fcgi/problem.c are read as text: a row that is written in another way is missed,
and then the description has something that the table lacks.
"""
import pathlib
import re

from description import Description
from tap import Tap

TOP = pathlib.Path(__file__).resolve().parents[2]
ROUTE = re.compile(r'\{ HTTP_(\w+), "([^"]+)",')
PROBLEM = re.compile(r'\[PROBLEM_\w+\] = \{\s*(\d+),\s*"(\w+)",\s*"([^"]+)"')


def read(path):
    return (TOP / path).read_text(encoding="utf-8")


# --- problems ---

def problem_faults(description):
    components = description.doc["components"]
    codes = components["schemas"]["Problem"]["properties"]["code"]["enum"]
    examples = {one["value"]["code"]: one["value"] for one in components["examples"].values()}
    table = {code: (int(status), title) for status, code, title in PROBLEM.findall(read("fcgi/problem.c"))}
    for code in sorted(table.keys() - set(codes)):
        yield f"{code} is not among the codes of Problem"
    for code in sorted(set(codes) - table.keys()):
        yield f"{code} is not in fcgi/problem.c"
    for code, (status, title) in table.items():
        example = examples.get(code, {})
        if (example.get("status"), example.get("title")) != (status, title):
            yield f"{code} has no example with {status} \"{title}\""


# --- docs/api.md ---

def commands(guide):
    """Each curl of its ```sh blocks, with the words that belong to it."""
    for block in re.findall(r"^```sh\n(.*?)^```", guide, re.MULTILINE | re.DOTALL):
        yield from re.split(r"\bcurl (?=-)", block)[1:]


def call_of(command):
    """ ("GET", "/api/v1/messages/$MESSAGE") """
    url = re.search(r'"\$NOTIFY_URL(/[^"?]*)', command)
    given = re.search(r"\s-X (\w+)", command)
    if given:
        method = given[1]
    elif re.search(r"-I\b", command):
        method = "HEAD"
    else:
        method = "POST" if re.search(r"\s-d\s", command) else "GET"
    return method, url[1] if url else ""


def calls(description, guide):
    return {(method, description.find_path(path)) for method, path in map(call_of, commands(guide))}


def main():
    description = Description(TOP / "docs/openapi.yaml")
    routes = set(ROUTE.findall(read("fcgi/routes.c")))
    described = {(method, path) for method, path, _ in description.operations()}
    called = calls(description, read("docs/api.md"))
    tap = Tap()
    tap.result("each route of fcgi/routes.c is described", map(" ".join, sorted(routes - described)))
    tap.result("each operation of docs/openapi.yaml is a route", map(" ".join, sorted(described - routes)))
    tap.result("each problem of fcgi/problem.c is described, and no other", problem_faults(description))
    tap.result("each route is called in docs/api.md", map(" ".join, sorted(routes - called)))
    tap.end()


main()
