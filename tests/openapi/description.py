"""description - docs/openapi.yaml as something that exchanges with the server are held against."""
import re
import urllib.parse

import jsonschema
import yaml

METHODS = ("get", "put", "post", "delete", "patch")
FAULTS_MOST = 5  # told of one value

# RFC 3339 section 5.6, where a minute may have a leap second.
TIME = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
                  r"([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII)

formats = jsonschema.FormatChecker(("uuid",))


@formats.checks("date-time")
def is_time(value):
    return not isinstance(value, str) or TIME.fullmatch(value) is not None


def read_yaml(path):
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def resolved(doc):
    """The document with what each $ref names in its place; no schema of ours holds itself."""
    known = {}

    def look_up(ref):
        value = doc
        for part in ref.removeprefix("#/").split("/"):
            value = value[part.replace("~1", "/").replace("~0", "~")]
        return value

    def walk(value):
        if isinstance(value, list):
            return [walk(one) for one in value]
        if not isinstance(value, dict):
            return value
        ref = value.get("$ref")
        if not isinstance(ref, str):
            return {name: walk(one) for name, one in value.items()}
        if ref not in known:
            known[ref] = walk(look_up(ref))
        return known[ref]

    return walk(doc)


def from_text(schema, text):
    """Headers and query parameters are texts; a schema that wants a number gets one."""
    return int(text) if schema.get("type") == "integer" and re.fullmatch("[0-9]{1,15}", text) else text


def fits(template, segments):
    """Each hole of the template takes one segment, which is not empty."""
    return len(template) == len(segments) and all(
        want == have or (want.startswith("{") and have != "") for want, have in zip(template, segments))


class Description:
    def __init__(self, path):
        self.doc = resolved(read_yaml(path))
        self.paths = self.doc["paths"]
        self.elsewhere = self.doc["x-elsewhere"]["responses"]
        self.validators = {}
        self.known = {}  # the faults of a text, by schema
        # A fixed path goes before one with a hole.
        self.templates = [(path, path.split("/")) for path in sorted(self.paths, key=lambda path: "{" in path)]

    def operations(self):
        """("GET", path, operation) of all."""
        for path, item in self.paths.items():
            for method in METHODS:
                if method in item:
                    yield method.upper(), path, item[method]

    def responses(self):
        """Every status that is described, with its response; a status comes often."""
        for _, _, operation in self.operations():
            yield from operation["responses"].items()
        yield from self.elsewhere.items()

    def find_path(self, target):
        """The path of the description that a request goes to, in absolute form too; None: there is none."""
        path = re.split("[?#]", re.sub("^https?://[^/?#]*", "", target))[0]
        segments = [urllib.parse.unquote(part) for part in path.split("/")]
        return next((path for path, template in self.templates if fits(template, segments)), None)

    def find_operation(self, path, method):
        """HEAD is GET; None: the path lacks the method."""
        methods = {known.upper(): self.paths[path][known] for known in METHODS if known in self.paths[path]}
        return methods.get("GET" if method == "HEAD" else method)

    def query_schemas(self, path, operation):
        parameters = self.paths[path].get("parameters", []) + operation.get("parameters", [])
        return {one["name"]: one["schema"] for one in parameters if one["in"] == "query"}

    def faults_of(self, schema, value):
        """In words, the first few; the schema is one of the document's."""
        validator = self.validators.get(id(schema))
        if validator is None:
            validator = jsonschema.Draft202012Validator(schema, format_checker=formats)
            self.validators[id(schema)] = validator
        found = []
        for error in validator.iter_errors(value):
            place = "".join(f"/{part}" for part in error.absolute_path)
            found.append(f"{place or 'the whole'}: {error.message[:300]}")
            if len(found) == FAULTS_MOST:
                break
        return found

    def faults_of_text(self, schema, text):
        key = id(schema), text
        if key not in self.known:
            self.known[key] = self.faults_of(schema, from_text(schema, text))
        return self.known[key]
