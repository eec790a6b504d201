"""panels - the kinds of panels that our dashboards are made of, as Grafana reads them."""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA_VERSION = 39
WIDTH = 24

GREEN, YELLOW, ORANGE, RED, BLUE, PURPLE = "green", "yellow", "orange", "red", "blue", "purple"


# --- what a panel is made of ---

def targets(queries, **more):
    """queries: {legend: expression}; a legend is a text or a {{label}}."""
    return [{"datasource": DATASOURCE, "refId": chr(ord("A") + i), "editorMode": "code", "expr": expr,
             "legendFormat": legend, "range": True} | more for i, (legend, expr) in enumerate(queries.items())]


def thresholds(*steps):
    """(20, YELLOW), (50, RED): green below the first."""
    return {"mode": "absolute",
            "steps": [{"color": GREEN, "value": None}, *({"color": color, "value": at} for at, color in steps)]}


def colours(**named):
    """A series of this name has this colour everywhere."""
    return [{"matcher": {"id": "byName", "options": name},
             "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}]}
            for name, colour in named.items()]


def mappings(states):
    """{0: ("closed", GREEN)}"""
    return [{"type": "value", "options": {str(value): {"text": text, "color": colour, "index": i}
                                          for i, (value, (text, colour)) in enumerate(states.items())}}]


def panel(kind, title, description, queries, width, height, defaults, options, overrides=(), **more):
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE,
            "gridPos": {"w": width, "h": height},
            "fieldConfig": {"defaults": defaults, "overrides": list(overrides)},
            "options": options, "targets": targets(queries, **more)}


# --- kinds ---

def stat(title, description, expr, unit, steps=(), width=4, legend="", states=None, decimals=None):
    """A number in the colour of its threshold, with its last hours behind it."""
    defaults = {"unit": unit, "thresholds": thresholds(*steps), "color": {"mode": "thresholds"},
                "mappings": mappings(states) if states else [], "noValue": "–"}
    if decimals is not None:
        defaults["decimals"] = decimals
    return panel("stat", title, description, {legend: expr}, width, 4, defaults, {
        "colorMode": "background_solid" if states else "value", "graphMode": "none" if states else "area",
        "justifyMode": "center", "orientation": "auto", "textMode": "auto" if not legend else "value_and_name",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}})


def lines(title, description, queries, unit, steps=(), width=12, height=8, stacked=False, overrides=(), low=0, log=False):
    """Lines over time; steps are drawn as dashed lines. stacked: areas that add up."""
    custom = {"drawStyle": "line", "lineInterpolation": "monotone", "lineWidth": 1 if stacked else 2,
              "fillOpacity": 45 if stacked else 8, "gradientMode": "none" if stacked else "opacity",
              "showPoints": "never", "spanNulls": False,
              "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
              "thresholdsStyle": {"mode": "dashed" if steps else "off"},
              "scaleDistribution": {"type": "symlog", "log": 10, "linearThreshold": 1} if log else {"type": "linear"}}
    defaults = {"unit": unit, "min": low, "color": {"mode": "palette-classic"}, "custom": custom,
                "thresholds": thresholds(*steps)}
    return panel("timeseries", title, description, queries, width, height, defaults, {
        "legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"}}, overrides)


def heatmap(title, description, buckets, unit="s", width=12, height=8):
    """How many fell into each bucket of a histogram; buckets: an expression by (le)."""
    defaults = {"custom": {"scaleDistribution": {"type": "linear"}, "hideFrom": {
        "legend": False, "tooltip": False, "viz": False}}}
    return panel("heatmap", title, description, {"{{le}}": buckets}, width, height, defaults, {
        "calculate": False, "cellGap": 1, "cellValues": {"unit": "cps"},
        "color": {"mode": "scheme", "scheme": "Turbo", "scale": "exponential", "exponent": 0.5, "steps": 64,
                  "fill": "dark-orange", "reverse": False},
        "exemplars": {"color": "rgba(255,0,255,0.7)"}, "filterValues": {"le": 1e-9},
        "legend": {"show": True}, "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "showColorScale": True, "yHistogram": True},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit}}, format="heatmap")


def timeline(title, description, queries, states, width=24, height=8):
    """A bar for each series, in the colour of the state that it is in."""
    defaults = {"custom": {"fillOpacity": 80, "lineWidth": 0, "spanNulls": False}, "mappings": mappings(states),
                "color": {"mode": "thresholds"}, "thresholds": thresholds(), "unit": "short"}
    return panel("state-timeline", title, description, queries, width, height, defaults, {
        "alignValue": "left", "mergeValues": True, "rowHeight": 0.85, "showValue": "never",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "single", "sort": "none"}})


def row(title, panels, collapsed=False):
    return {"type": "row", "title": title, "collapsed": collapsed, "panels": panels}


# --- a dashboard of them ---

def choice(name, label, query, many=False):
    """A variable with the values of a label; many: any of them, all at first."""
    found = {"type": "query", "name": name, "label": label, "datasource": DATASOURCE, "definition": query,
             "query": {"query": query, "refId": "Variable"}, "refresh": 2, "sort": 1, "regex": "",
             "hide": 0, "skipUrlSync": False, "options": [], "multi": many, "includeAll": many}
    if many:
        found |= {"allValue": ".*", "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}
    return found


def text_box(name, label, value):
    return {"type": "textbox", "name": name, "label": label, "query": value, "hide": 0, "skipUrlSync": False,
            "current": {"text": value, "value": value}, "options": [{"selected": True, "text": value, "value": value}]}


def place(rows):
    """Panels from left to right, as many as fit; each row below the one before."""
    placed, y = [], 0
    for line in rows:
        inner = line["panels"]
        placed.append(line | {"gridPos": {"x": 0, "y": y, "w": WIDTH, "h": 1}, "panels": inner if line["collapsed"] else []})
        x, top, tallest = 0, y + 1, 0
        for one in inner:
            at = one["gridPos"]
            if x + at["w"] > WIDTH:
                x, top, tallest = 0, top + tallest, 0
            at |= {"x": x, "y": top}
            x, tallest = x + at["w"], max(tallest, at["h"])
        y = top + tallest if not line["collapsed"] else y + 1
        placed += [] if line["collapsed"] else inner
    return placed


def number(panels, first=1):
    for one in panels:
        one["id"] = first
        first = number(one["panels"], first + 1) if one["type"] == "row" else first + 1
    return first


def dashboard(uid, title, description, variables, rows, alerts):
    """alerts: the selector of alerts that are drawn into every panel."""
    panels = place(rows)
    number(panels)
    return {
        "uid": uid, "title": title, "description": description, "tags": ["notification-system"],
        "schemaVersion": SCHEMA_VERSION, "version": 1, "editable": True, "graphTooltip": 1, "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"}, "timezone": "browser", "weekStart": "", "fiscalYearStartMonth": 0,
        "links": [{"type": "dashboards", "title": "notification-system", "tags": ["notification-system"],
                   "asDropdown": False, "includeVars": True, "keepTime": True, "targetBlank": False, "icon": "external link",
                   "tooltip": "", "url": ""}],
        "annotations": {"list": [{
            "name": "Alerts", "enable": True, "hide": False, "datasource": DATASOURCE, "iconColor": RED,
            "expr": alerts, "step": "60s", "titleFormat": "{{alertname}}", "tagKeys": "severity"}]},
        "templating": {"list": [{"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus",
                                 "regex": "", "hide": 0, "refresh": 1, "multi": False, "includeAll": False,
                                 "skipUrlSync": False, "options": [], "current": {}}, *variables]},
        "panels": panels,
    }
