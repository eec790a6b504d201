"""delivery - the dashboard of the way from acceptance to the provider."""
from panels import BLUE, GREEN, ORANGE, PURPLE, RED, YELLOW, choice, colours, dashboard, heatmap, lines, row, stat
from promql import quantile, rate, share_above

WORKER = 'job="$job"'
BOTH = 'job=~"$api_job|$job"'
PLATFORM = 'platform=~"$platform"'
OUTCOMES = colours(sent=GREEN, retried=YELLOW, failed=RED, expired=PURPLE, duplicate=BLUE)


LATENCY_OF = "delivery_latency_seconds"
OURS = f"{WORKER},{PLATFORM}"
LAG = f"max(scheduler_lag_seconds{{{WORKER}}})"
DUE = f"max(dispatch_due{{{WORKER}}})"


def processed(outcome, by=""):
    return rate("messages_processed_total", f'{OURS},outcome=~"{outcome}"', by)


NOW = [
    stat("Sent a second", "Recipients whose provider has taken the message.", processed("sent"), "cps"),
    stat("Failed", "Of what ended, the share that failed for good. The alert ProviderFailures fires above 20 % of a provider.",
         f"{processed('failed')} / {processed('sent|failed')}", "percentunit", ((0.05, YELLOW), (0.2, RED)), decimals=1),
    stat("p99 of delivery", "99 of 100 were with their provider within this time of acceptance, or of their scheduled time.",
         quantile(0.99, LATENCY_OF, OURS), "s", ((10, YELLOW), (120, RED))),
    stat("Oldest due", "How long the first recipient that is due has waited. Alerts: SchedulerLag above 30 s, OldestDueRow above 10 min.",
         LAG, "s", ((30, YELLOW), (600, RED))),
    stat("Due", "Recipients that are due and wait for the belt. Counting stops at 10,000 in a lane.",
         DUE, "short", ((1000, YELLOW), (10000, RED))),
    stat("In flight", "Attempts that were begun and are not recorded, of all workers.",
         f"sum(workers_in_flight{{{OURS}}})", "short"),
]

BELT = [
    lines("Accepted, published, sent", "The three should lie on each other. Accepted above published: scheduled for later, or the broker "
          "is away. Published above sent: retries and repetitions, or nothing leaves. Published counts an event again that was put back.",
          {"accepted": rate("messages_accepted_total", f'job="$api_job",{PLATFORM}'),
           "published": rate("messages_published_total", f"{BOTH},{PLATFORM}"),
           "sent": processed("sent")}, "cps", overrides=colours(accepted=BLUE, published=ORANGE, sent=GREEN)),
    lines("Attempts by outcome", "How attempts ended. Retried ones come back; duplicate: a callback or another worker was faster.",
          {"{{outcome}}": processed(".+", "outcome")}, "cps", stacked=True, overrides=OUTCOMES),
]

LATENCY = [
    lines("Delivery latency", "From acceptance, or the scheduled time, until the provider had it. The dashed line is two minutes, the bound "
          "of the alert DeliveryLate.",
          {"p50": quantile(0.5, LATENCY_OF, OURS), "p90": quantile(0.9, LATENCY_OF, OURS), "p99": quantile(0.99, LATENCY_OF, OURS)}, "s", ((120, RED),),
          overrides=colours(p50=GREEN, p90=ORANGE, p99=RED), log=True),
    heatmap("Delivery latency of all", "How many recipients a second left within each span. A second band far above the first is retries.",
            rate(LATENCY_OF + "_bucket", OURS, "le")),
    lines("p99 by platform", "A platform that is slow alone has a slow provider, or a rate that holds it back.",
          {"{{platform}}": quantile(0.99, LATENCY_OF, OURS, "platform")}, "s", log=True),
    lines("Later than two minutes", "Share of what was sent. The dashed line is the bound of the alert DeliveryLate.",
          {"{{platform}}": share_above("120", LATENCY_OF, OURS, "platform")}, "percentunit", ((0.1, RED),)),
]

DUE_ROWS = [
    lines("Oldest due", "How long the first recipient that is due has waited; the scheduler looks every 5 seconds. Dashed: SchedulerLag and "
          "OldestDueRow.", {"oldest due": LAG}, "s", ((30, YELLOW), (600, RED)), width=8, log=True),
    lines("Due", "Recipients that are due and wait for the belt; counted up to 10,000 in a lane. Dashed: BacklogLarge.",
          {"due": DUE}, "short", ((10000, RED),), width=8),
    lines("In flight", "Attempts that were begun and are not recorded. It stays up where Postgres is away: outcomes wait in memory.",
          {"{{platform}}": f"sum by (platform) (workers_in_flight{{{OURS}}})"}, "short", width=8, stacked=True),
]

PLATFORMS = [
    lines("Sent by platform", "Recipients whose provider has taken the message.", {"{{platform}}": processed("sent", "platform")}, "cps", width=8),
    lines("Failed by platform", "Failed for good, after all attempts and providers.", {"{{platform}}": processed("failed", "platform")}, "cps", width=8),
    lines("Retried and expired by platform", "Retried: it comes back later. Expired: its time was over before it could leave.",
          {"{{platform}} {{outcome}}": processed("retried|expired", "platform, outcome")}, "cps", width=8),
]

DASHBOARD = dashboard(
    "notification-delivery", "Notification system: delivery",
    "From acceptance to the provider: what comes, what leaves, what waits and for how long.",
    [choice("api_job", "Job of the API", "label_values(messages_accepted_total, job)"),
     choice("job", "Job of the workers", "label_values(messages_processed_total, job)"),
     choice("platform", "Platform", 'label_values(messages_processed_total{job="$job"}, platform)', many=True)],
    [row("Now", NOW), row("The belt", BELT), row("Latency", LATENCY), row("What is due", DUE_ROWS), row("Platforms", PLATFORMS)],
    'ALERTS{alertstate="firing",job=~"$api_job|$job"}')
