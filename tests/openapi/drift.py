"""drift - whether judge.py sees it when an answer is no longer as docs/openapi.yaml describes it.

From the examples of the description come answers that fit it; each is then changed in one place, in
every place where it could be, and the change must be found.
"""
import copy
import json
import pathlib
import re

from description import Description
from judge import Exchange, judge
from tap import Tap

TOP = pathlib.Path(__file__).resolve().parents[2]
FREE = {"metadata"}  # an object of the caller's own: anything may stand in it
SHOWN = 10


def answers(description):
    """A recorded exchange of each example."""
    operations = [(method, path, operation["responses"]) for method, path, operation in description.operations()]
    for method, path, responses in [*operations, ("PATCH", "/health", description.elsewhere)]:
        for status, response in responses.items():
            for kind, content in response.get("content", {}).items():
                for example in content["examples"].values():
                    yield exchange_of(method, path, int(status), response, kind, example["value"])


def exchange_of(method, path, status, response, kind, body):
    headers = {name: str(header["example"]) for name, header in response["headers"].items()}
    if isinstance(body, dict) and "request_id" in body:
        headers["X-Request-Id"] = body["request_id"]
    headers["Content-Type"] = kind
    # An unknown path has no Allow, and a known one is not 404.
    target = "/nowhere" if method == "PATCH" and status == 404 else re.sub(r"{\w+}", "x", path)
    return {"method": method, "target": target, "status": status, "headers": headers, "body": body}


def faults_of(description, answer):
    head = "".join(f"{name}: {value}\r\n" for name, value in answer["headers"].items())
    body = answer["body"] if isinstance(answer["body"], str) else json.dumps(answer["body"])
    return judge(description, Exchange(json.dumps({**answer, "head": head, "body": body})))[1]


# --- the ways to differ: each yields answers with one change ---

def objects(value):
    """Those of a body, with itself, but for what is free."""
    if isinstance(value, list):
        for one in value:
            yield from objects(one)
    if isinstance(value, dict):
        yield value
        for name, one in value.items():
            if name not in FREE:
                yield from objects(one)


def changed_bodies(answer, change):
    """change(object) yields once for each way, with the object changed meanwhile."""
    changed = copy.deepcopy(answer)
    for one in list(objects(changed["body"])):
        for _ in change(one):
            yield copy.deepcopy(changed)


def with_member(one):
    one["undescribed"] = None
    yield
    del one["undescribed"]


def without_member(one):
    for name, value in list(one.items()):
        if name == "errors" and one["code"] != "validation_failed":
            continue  # the only member that may be missing
        del one[name]
        yield
        one[name] = value


def with_wrong_type(one):
    for name, value in list(one.items()):
        one[name] = [[]] if not isinstance(value, list) else "none"
        yield
        one[name] = value


def new_member(answer):
    return changed_bodies(answer, with_member)


def lost_member(answer):
    return changed_bodies(answer, without_member)


def wrong_type(answer):
    return changed_bodies(answer, with_wrong_type)


def new_status(answer):
    yield {**answer, "status": 418}


def new_header(answer):
    yield {**answer, "headers": {**answer["headers"], "X-Undescribed": "1"}}


def lost_request_id(answer):
    yield {**answer, "headers": {k: v for k, v in answer["headers"].items() if k != "X-Request-Id"}}


def wrong_content_type(answer):
    yield {**answer, "headers": {**answer["headers"], "Content-Type": "image/png"}}


def broken_json(answer):
    if not isinstance(answer["body"], str):
        yield {**answer, "body": json.dumps(answer["body"])[:-1]}


WAYS = {
    "a member that is not described": new_member,
    "a member that is missing": lost_member,
    "a member of a wrong type": wrong_type,
    "a status that is not described": new_status,
    "a header that is not described": new_header,
    "an answer without X-Request-Id": lost_request_id,
    "another content type": wrong_content_type,
    "a body that is no JSON": broken_json,
}


def unseen(description, way, originals):
    """Changed answers in which nothing is found."""
    tried, missed = 0, []
    for original in originals:
        for answer in way(original):
            tried += 1
            if not faults_of(description, answer):
                missed.append(f"{answer['method']} {answer['target']} {answer['status']}: {answer['body']}")
    return missed[:SHOWN] if tried else ["there was nothing to change"]


def misjudged(description, originals):
    for one in originals:
        for fault in faults_of(description, one):
            yield f"{one['method']} {one['target']} {one['status']}: {fault}"


def main():
    description = Description(TOP / "docs/openapi.yaml")
    originals = list(answers(description))
    tap = Tap()
    tap.result("the examples are answers as described", misjudged(description, originals))
    for name, way in WAYS.items():
        tap.result(f"{name} is seen", unseen(description, way, originals))
    tap.end()


main()
