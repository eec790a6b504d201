"""promql - which metrics and labels an expression asks for; a reader, not a parser: Prometheus judges."""
import re

STRING = r'"(?:\\.|[^"\\])*"'
TOKEN = re.compile(rf'''{STRING}
    |\b(?P<grouping>by|without|on|ignoring|group_left|group_right)\s*\((?P<labels>[^)]*)\)
    |\[[^\]]*\]
    |(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?P<braces>\s*\{{(?:{STRING}|[^{{}}"])*\}})?(?P<call>\s*\()?
    |[0-9.]+[a-z]*
    |.''', re.VERBOSE | re.DOTALL)
WORDS = {"and", "or", "unless", "offset", "bool", "sum", "max", "min", "count", "avg"}
MATCHER = re.compile(rf'(\w+)\s*(?:=~|!~|!=|=)\s*{STRING}')


class Selector:
    def __init__(self, metric, braces):
        self.metric, self.text = metric, metric + braces
        self.labels = set(MATCHER.findall(braces))


def selectors(expression):
    for token in TOKEN.finditer(expression):
        if token["name"] and not token["call"] and token["name"] not in WORDS:
            yield Selector(token["name"], (token["braces"] or "").strip())


def labels(expression):
    """Those of its selectors and groupings, without those that a label_replace makes."""
    made = set(re.findall(r'label_replace\(.*?,\s*"(\w+)",\s*"[^"]*",\s*"\w+"', expression, re.DOTALL))
    grouped = {label.strip() for token in TOKEN.finditer(expression) if token["grouping"]
               for label in token["labels"].split(",") if label.strip()}
    return (grouped | {label for one in selectors(expression) for label in one.labels}) - made
