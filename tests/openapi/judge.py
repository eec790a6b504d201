"""judge - in what an exchange with the server differs from what the description says."""
import json
import urllib.parse

# Headers that belong to HTTP, the web server and CORS, not to an operation.
GENERAL = {"status", "server", "date", "connection", "content-length", "content-type", "transfer-encoding",
           "accept-ranges", "vary", "access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers",
           "access-control-expose-headers", "access-control-max-age"}
RATE_LIMIT = {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}

ELSEWHERE = "a path or method that is not described"
BROKEN = "a request that is none"
FRONT = "the web server by itself"
# In its own words: to what is no HTTP (400, 501), for a responder that died with the request (500), and
# where none is there (503).
OF_FRONT = {400, 500, 501, 503}


class Exchange:
    """A line that tests/integration/record.c wrote.  method and target None: no request that has a name."""

    def __init__(self, line):
        fields = json.loads(line)
        self.method, self.target = fields.get("method"), fields.get("target")
        self.request_type, self.request_body = fields.get("request_type"), fields.get("request_body")
        self.status, self.body = fields["status"], fields.get("body")
        self.headers, self.doubled = read_head(fields.get("head", ""))

    def __str__(self):
        return f"{self.method} {self.target[:200]}" if self.target is not None else BROKEN


def read_head(head):
    """({name in lower case: value}, [names that came twice]) of the last head, after any 100 Continue."""
    headers, doubled = {}, []
    for line in head.strip().split("\r\n\r\n")[-1].split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon:
            continue
        if name.lower() in headers:
            doubled.append(name.lower())
        headers[name.lower()] = value.strip()
    return headers, doubled


def media_type(value):
    """ "application/json; charset=utf-8" -> "application/json" """
    return (value or "").split(";")[0].strip().lower()


def judge(description, exchange):
    """(what was asked, the faults of the exchange, each in words)"""
    if is_of_front(exchange):
        return FRONT, []
    if exchange.target is None:
        return BROKEN, broken_faults(description, exchange)
    path = description.find_path(exchange.target)
    operation = path and description.find_operation(path, exchange.method)
    if operation is None:
        return ELSEWHERE, [*answer_faults(description, exchange, description.elsewhere),
                           *elsewhere_faults(exchange, path)]
    faults = answer_faults(description, exchange, operation["responses"])
    if exchange.status < 300:
        faults += query_faults(description, exchange, description.query_schemas(path, operation))
        faults += request_faults(description, exchange, operation)
    method = "GET" if exchange.method == "HEAD" else exchange.method
    return f"{method} {path}", faults


def is_of_front(exchange):
    return (exchange.status in OF_FRONT and "server" in exchange.headers and
            "x-request-id" not in exchange.headers and media_type(exchange.headers.get("content-type")) == "text/html")


def broken_faults(description, exchange):
    """Nobody knows what was meant: the answer is one of those that are described somewhere."""
    best = None
    for status, response in description.responses():
        if status == str(exchange.status):
            faults = response_faults(description, exchange, response)
            best = faults if best is None or len(faults) < len(best) else best
    return [f"status {exchange.status} is not described"] if best is None else best


def elsewhere_faults(exchange, path):
    """405 and the 204 of OPTIONS are for paths that exist."""
    if path is None and exchange.status in (204, 405):
        yield "no such path is described"
    if path is not None and exchange.status == 404:
        yield "the path is described, with other methods"
    if path is not None and (exchange.status == 204) != (exchange.method == "OPTIONS"):
        yield "204 is for OPTIONS, and only 204"


# --- answers ---

def answer_faults(description, exchange, responses):
    response = responses.get(str(exchange.status))
    if response is None:
        return [f"status {exchange.status} is not described here"]
    return response_faults(description, exchange, response)


def response_faults(description, exchange, response):
    return [*header_faults(description, exchange, response), *body_faults(description, exchange, response)]


def header_faults(description, exchange, response):
    described = {name.lower(): header for name, header in response.get("headers", {}).items()}
    for name, header in described.items():
        if name in exchange.headers:
            for fault in description.faults_of_text(header["schema"], exchange.headers[name]):
                yield f"header {name}, {fault}"
        elif header.get("required"):
            yield f"header {name} is missing"
    for name in sorted(exchange.headers.keys() - described.keys() - GENERAL):
        yield f"header {name} is not described here"
    for name in exchange.doubled:
        yield f"header {name} came twice"
    if 0 < len(RATE_LIMIT & exchange.headers.keys()) < len(RATE_LIMIT):
        yield "of the headers of the rate limit only some came"


def body_faults(description, exchange, response):
    kind, content = media_type(exchange.headers.get("content-type")), response.get("content")
    if exchange.body is None:
        yield "the body is not UTF-8, or longer than any answer may be"
    elif content is None:
        if exchange.body != "" or kind != "":
            yield f"there is a body of type \"{kind}\""
    elif kind not in content:
        yield f"the content type is \"{kind}\", not {' or '.join(content)}"
    elif exchange.method == "HEAD":
        if exchange.body != "":
            yield "the answer to HEAD has a body"
    elif kind.endswith("json"):
        yield from json_faults(description, exchange, content[kind]["schema"])
    else:
        yield from (f"body, {fault}" for fault in description.faults_of_text(content[kind]["schema"], exchange.body))


def json_faults(description, exchange, schema):
    try:
        value = json.loads(exchange.body)
    except ValueError:
        yield "the body is not JSON"
        return
    yield from (f"body, {fault}" for fault in description.faults_of(schema, value))
    id = exchange.headers.get("x-request-id")
    if isinstance(value, dict) and value.get("request_id", id) != id:
        yield "body, /request_id: is not that of X-Request-Id"


# --- requests: what was accepted must have been right by the description ---

def query_faults(description, exchange, schemas):
    """Lists refuse what they do not know; elsewhere it is ignored."""
    query = exchange.target.partition("#")[0].partition("?")[2]
    for name, text in urllib.parse.parse_qsl(query, keep_blank_values=True):
        if name not in schemas and "cursor" in schemas:
            yield f"the parameter {name} was accepted, which is not described"
        elif name in schemas:
            for fault in description.faults_of_text(schemas[name], text):
                yield f"the parameter {name} was accepted, {fault}"


def request_faults(description, exchange, operation):
    content, kind = operation.get("requestBody", {}).get("content"), media_type(exchange.request_type)
    if content is None or exchange.request_body is None:
        return
    if kind not in content:
        yield f"a request body of type \"{kind}\" was accepted"
        return
    if kind == "application/json":
        value = accepted_part(json.loads(exchange.request_body), exchange)
    else:
        value = dict(urllib.parse.parse_qsl(exchange.request_body, keep_blank_values=True))
    if value is not None:
        for fault in description.faults_of(content[kind]["schema"], value):
            yield f"the request was accepted, {fault}"


def accepted_part(request, exchange):
    """Of a bulk that was accepted in part, the part; None: nothing of it."""
    if exchange.status != 207:
        return request
    results = json.loads(exchange.body)["results"]
    kept = [message for message, result in zip(request["messages"], results) if "error" not in result]
    return {"messages": kept} if kept else None
