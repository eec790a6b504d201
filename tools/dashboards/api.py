"""api - the dashboard of notify.fcgi: who calls, what fails, how long it takes."""
from panels import BLUE, GREEN, ORANGE, RED, YELLOW, choice, colours, dashboard, heatmap, lines, row, stat
from promql import quantile, rate, share_above

OURS = 'job="$job",instance=~"$instance"'
CALLS = f'{OURS},route=~"/api/.+"'
HOOKS = f'{OURS},route=~"/webhooks/.+"'
CLASSES = colours(**{"2xx": GREEN, "3xx": BLUE, "4xx": YELLOW, "5xx": RED})


REQUESTS, DURATION = "http_requests_total", "http_request_duration_seconds"


def classes(where):
    """Rates by 2xx, 4xx …; a class that has had none is not drawn."""
    return f'sum by (class) (label_replace({rate(REQUESTS, where, "status")}, "class", "${{1}}xx", "status", "(.)..")) > 0'


ERRORS = f"""({rate(REQUESTS, CALLS + ',status=~"5.."')} or vector(0)) / {rate(REQUESTS, CALLS)}"""
REFUSALS = rate(REQUESTS, CALLS + ',status=~"[45].."', "status, method, route")
LIMITED = rate("rate_limit_hits_total", OURS)

NOW = [
    stat("Calls a second", "Calls of /api/… that were answered, of all chosen hosts.",
         rate(REQUESTS, CALLS), "reqps"),
    stat("Errors", "Share of the calls of /api/… that were answered with 5xx. The alert ApiErrors fires above 5 %.",
         ERRORS, "percentunit", ((0.01, YELLOW), (0.05, RED)), decimals=2),
    stat("p99", "99 of 100 calls of /api/… were answered within this time. Interpolated between the histogram's bounds.",
         quantile(0.99, DURATION, CALLS), "s", ((0.25, YELLOW), (0.5, RED))),
    stat("Recipients a second", "Recipients of accepted messages: what was answered 202 and is in Postgres.",
         rate("messages_accepted_total", OURS), "cps"),
    stat("Refused by rate limits", "Calls that were answered 429 because their user's tier allows no more, a second.",
         f"{LIMITED} or vector(0)", "reqps", ((1, YELLOW),)),
    stat("Hosts", "Hosts whose /metrics answers, of those that are scraped.",
         f"sum(up{{{OURS}}}) / count(up{{{OURS}}})", "percentunit", ((0, RED), (0.999, GREEN))),
]

TRAFFIC = [
    lines("Calls by route", "What is called, callbacks too. The route none is of paths that do not exist.",
          {"{{route}}": rate(REQUESTS, OURS, "route") + " > 0"}, "reqps", stacked=True),
    lines("Calls by class of status", "4xx are mistakes of callers, and their limits; 5xx are ours.",
          {"{{class}}": classes(CALLS)}, "reqps", stacked=True, overrides=CLASSES),
    lines("Share of errors", "5xx of all calls of /api/…. The dashed line is the bound of the alert ApiErrors.",
          {"5xx": ERRORS}, "percentunit", ((0.05, RED),), overrides=colours(**{"5xx": RED})),
    lines("Refusals and errors by status", "401: no valid key; 422: faults in the body; 429: over the limit; 503: Postgres is away.",
          {"{{status}} {{method}} {{route}}": REFUSALS + " > 0"}, "reqps"),
]

LATENCY = [
    lines("Latency", "Half, 90 and 99 of 100 calls of /api/… took no longer. From the whole request to its answer; the way of "
          "the body through the web server is not in it.",
          {"p50": quantile(0.5, DURATION, CALLS), "p90": quantile(0.9, DURATION, CALLS), "p99": quantile(0.99, DURATION, CALLS)}, "s",
          overrides=colours(p50=GREEN, p90=ORANGE, p99=RED)),
    heatmap("Latency of all calls", "How many calls of /api/… a second fell between two bounds: two bands are two kinds of calls, a "
            "band that wanders up is a database that slows down.",
            rate(DURATION + "_bucket", CALLS, "le")),
    lines("p99 by route", "Which route is slow. A bulk of 1,000 messages takes some 40 ms, a list up to 70.",
          {"{{route}}": quantile(0.99, DURATION, CALLS, "route")}, "s"),
    lines("Slower than 0.5 s", "Share of the calls of each route. The dashed line is the bound of the alert ApiSlow.",
          {"{{route}}": share_above("0.5", DURATION, CALLS, "route")}, "percentunit", ((0.05, RED),)),
]

LIMITS = [
    lines("Refused by rate limits", "429 by tier. One user over the limit shows as a plateau.",
          {"{{tier}}": rate("rate_limit_hits_total", OURS, "tier")}, "reqps", width=8),
    lines("Accepted recipients", "By platform. What is scheduled for later counts when it is accepted.",
          {"{{platform}}": rate("messages_accepted_total", OURS, "platform")}, "cps", width=8, stacked=True),
    lines("Callbacks by class of status", "4xx at /webhooks/… are callbacks without a valid signature: see the alert CallbacksRefused.",
          {"{{class}}": classes(HOOKS)}, "reqps", width=8, stacked=True, overrides=CLASSES),
]

DASHBOARD = dashboard(
    "notification-api", "Notification system: API",
    "Calls of the API, their errors and latency, and rate limits. notify.fcgi; docs/metrics.md explains the metrics, "
    "docs/operations.md what to do.",
    [choice("job", "Job", "label_values(messages_accepted_total, job)"),
     choice("instance", "Host", 'label_values(up{job="$job"}, instance)', many=True)],
    [row("Now", NOW), row("Traffic", TRAFFIC), row("Latency", LATENCY), row("Limits, acceptance, callbacks", LIMITS)],
    'ALERTS{alertstate="firing",job="$job"}')
