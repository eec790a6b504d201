"""providers - the dashboard of those who carry the messages, and of what they report."""
from panels import GREEN, ORANGE, PURPLE, RED, BLUE, YELLOW, choice, colours, dashboard, heatmap, lines, row, stat, timeline
from promql import quantile, rate, share_above

OURS = 'job="$job",provider=~"$provider"'
REPORTED = 'job="$api_job",provider=~"$provider"'
BREAKER = {0: ("closed", GREEN), 1: ("open", RED), 2: ("half-open", YELLOW)}
OUTCOMES = colours(sent=GREEN, retried=YELLOW, failed=RED, expired=PURPLE, duplicate=BLUE)
BAD = "failed|undelivered|bounce|dropped"


CALLS_OF = "provider_request_duration_seconds"
STATE = f"max by (provider) (provider_breaker_state{{{OURS}}})"


def ended(outcome, by="provider"):
    return rate("messages_processed_total", f'{OURS},outcome=~"{outcome}"', by)


def events(names, by="provider"):
    return rate("webhook_events_total", f'{REPORTED},event=~"{names}"', by)


BREAKERS = [
    stat("Breakers now", "Open: calls are kept away, and its recipients go to the next provider of their platform's list, or wait. "
         "Half-open: one call goes as a probe; without traffic it stays so.",
         STATE, "short", width=24, legend="{{provider}}", states=BREAKER),
    timeline("Breakers", "The worst state that any worker tells. The alerts are ProviderBreakerOpen (2 minutes) and ProviderDown (15).",
             {"{{provider}}": STATE}, BREAKER),
]

CALLS = [
    lines("Calls a second", "Calls that ended, whatever came out of them. Providers that are only configured stay at 0.",
          {"{{provider}}": rate(CALLS_OF + "_count", OURS, "provider")}, "reqps", stacked=True),
    lines("In flight by platform", "Attempts that were begun and are not recorded; at most max_in_flight a thread.",
          {"{{platform}}": 'sum by (platform) (workers_in_flight{job="$job"})'}, "short", stacked=True),
    lines("Median latency", "Half of the calls took no longer.", {"{{provider}}": quantile(0.5, CALLS_OF, OURS, "provider")}, "s"),
    lines("p99 of latency", "99 of 100 calls took no longer. What times out is unclear, and may be sent twice.",
          {"{{provider}}": quantile(0.99, CALLS_OF, OURS, "provider")}, "s", log=True),
    heatmap("Latency of all calls", "How many calls a second fell between two bounds. Choose one provider above to see it alone.",
            rate(CALLS_OF + "_bucket", OURS, "le")),
    lines("Slower than 5 s", "Share of the calls. The dashed line is the bound of the alert ProviderSlow.",
          {"{{provider}}": share_above("5", CALLS_OF, OURS, "provider")}, "percentunit", ((0.1, RED),)),
]

OUTCOME = [
    lines("Attempts by outcome", "Of the chosen providers together.", {"{{outcome}}": ended(".+", "outcome")}, "cps", stacked=True,
          overrides=OUTCOMES, width=8),
    lines("Failed for good", "Of the recipients that ended at the provider. The dashed line is the bound of the alert ProviderFailures.",
          {"{{provider}}": f"{ended('failed')} / {ended('sent|failed')}"}, "percentunit", ((0.2, RED),), width=8),
    lines("Retried", "Attempts a second that will be made again: not sent, unclear, or told to come later.",
          {"{{provider}}": ended("retried")}, "cps", width=8),
]

CALLBACKS = [
    lines("Events of callbacks", "In the provider's word; repetitions count. other: a word that we do not know; unreadable: it cannot be read.",
          {"{{provider}} {{event}}": events(".+", "provider, event")}, "cps"),
    lines("Reported as undelivered", "Of what the provider reported as ended. The dashed line is the bound of the alert ReportedFailures.",
          {"{{provider}}": f"{events(BAD)} / {events(BAD + '|delivered')}"}, "percentunit", ((0.2, RED),)),
    lines("Calls at /webhooks/…", "By status. 403: the signature does not fit; a provider that gets no 200 calls again.",
          {"{{route}} {{status}}":
           rate("http_requests_total", 'job="$api_job",route=~"/webhooks/.+"', "route, status")}, "reqps"),
    lines("Dropped events", "About no message of ours for a day. The alert CallbacksDropped fires above 20 an hour.",
          {"an hour": 'sum(increase(webhook_events_dropped_total{job="$job"}[1h]))'}, "short", ((20, ORANGE),)),
]

DASHBOARD = dashboard(
    "notification-providers", "Notification system: providers",
    "What each provider answers and how fast, which breaker is open, and what callbacks report.",
    [choice("api_job", "Job of the API", "label_values(messages_accepted_total, job)"),
     choice("job", "Job of the workers", "label_values(messages_processed_total, job)"),
     choice("provider", "Provider", 'label_values(provider_breaker_state{job="$job"}, provider)', many=True)],
    [row("Breakers", BREAKERS), row("Calls", CALLS), row("Outcomes", OUTCOME), row("Callbacks", CALLBACKS)],
    'ALERTS{alertstate="firing",job=~"$api_job|$job",provider=~"$provider|"}')
