/* doctor_broker - checks that ask RabbitMQ. */
#include "common/base/clock.h"
#include "common/broker/broker.h"
#include "common/broker/topology.h"
#include "ctl/doctor.h"

/* What cannot be looked at is told where it stands; a lost connection once. */
static bool is_answered(struct doctor *d, enum status s, const struct error *err)
{
    if (s == ST_OK)
        return true;
    d->away = true;
    doctor_fail(d, "Messages leave all the same, straight from Postgres. Start RabbitMQ, and look at"
                   " [rabbitmq] url.", "%s", err->text);
    return false;
}

void check_broker_server(struct doctor *d)
{
    struct error err;
    int64_t begun = clock_mono_us();

    d->broker = broker_new(&d->config->rabbitmq, "notifyctl doctor");
    if (is_answered(d, broker_open(d->broker, &err), &err))
        doctor_ok(d, "takes our login, in %.1f ms", (double)(clock_mono_us() - begun) / 1000);
}

/* What may be wrong with a part.  The words hold what the broker says of it. */
static const struct fault {
    enum status kind;
    const char *words, *remedy;
} faults[] = {
    { ST_NOT_FOUND, "is not there",
      "notify.fcgi and workerd make it when they connect: restart one of them." },
    { ST_CONFLICT, "has other arguments",
      "Delete it (what a lane holds leaves from Postgres), and the programs make it anew; or set [rabbitmq]"
      " queue_type as it is." },
    { ST_DENIED, "may not be looked at",
      "rabbitmqctl set_permissions: the account needs configure, write and read." },
};
#define FAULTS (sizeof faults / sizeof *faults)
#define ALIKE_MOST 2 /* told one by one; of the others only how many */

static void tell_fault(struct doctor *d, enum status kind, const char *words, size_t told[FAULTS])
{
    for (size_t i = 0; i < FAULTS; i++) {
        if (faults[i].kind == kind && told[i]++ < ALIKE_MOST)
            doctor_fail(d, faults[i].remedy, "%s: %s", faults[i].words, words);
    }
}

static void tell_alike(struct doctor *d, const size_t told[FAULTS])
{
    d->subject = NULL;
    for (size_t i = 0; i < FAULTS; i++) {
        if (told[i] > ALIKE_MOST)
            doctor_fail(d, faults[i].remedy, "of %zu more each %s", told[i] - ALIKE_MOST, faults[i].words);
    }
}

void check_broker_topology(struct doctor *d)
{
    size_t told[FAULTS] = { 0 }, good = 0;
    struct error err;
    enum status s;

    for (int part = 0; part < BROKER_PARTS; part++) {
        d->subject = broker_part_name(part);
        s = broker_examine(d->broker, part, NULL, &err);
        good += s == ST_OK;
        if (s == ST_UNAVAILABLE) {
            is_answered(d, s, &err);
            return;
        }
        if (s != ST_OK)
            tell_fault(d, s, err.text, told);
    }
    tell_alike(d, told);
    if (good == BROKER_PARTS)
        doctor_ok(d, "2 exchanges and %d queues, of type %s", BROKER_PARTS - 2,
                  d->config->rabbitmq.queue_type);
}

/* The parts behind the exchanges are queues, the first of them that of dead letters. */
static bool count(struct doctor *d, int part, struct queue_counts *out)
{
    struct error err;
    enum status s = broker_examine(d->broker, part, out, &err);

    if (s == ST_UNAVAILABLE)
        is_answered(d, s, &err);
    return s == ST_OK;
}

void check_broker_consumers(struct doctor *d)
{
    size_t known = 0, idle = 0;
    struct queue_counts counts = { 0, 0 };

    for (int part = BROKER_PARTS - LANE_COUNT; part < BROKER_PARTS && !d->away; part++) {
        enum platform pf = lane_platform(part - (BROKER_PARTS - LANE_COUNT));

        if (!d->config->platform[pf].enabled || d->config->platform[pf].n_providers == 0 ||
            !count(d, part, &counts))
            continue;
        known++;
        if (counts.consumers > 0)
            continue;
        idle++;
        d->subject = broker_part_name(part);
        doctor_fail(d, "Start workerd, and see its log.",
                    "has no consumer, and %u messages wait in it", counts.ready);
    }
    d->subject = NULL;
    if (idle == 0 && known > 0)
        doctor_ok(d, "each of %zu queues has some", known);
}

void check_broker_dead(struct doctor *d)
{
    struct queue_counts counts = { 0, 0 };

    if (!count(d, BROKER_PARTS - LANE_COUNT - 1, &counts))
        return;
    if (counts.ready > 0)
        doctor_warn(d, "notifyctl dead list --queue", "%u events that nobody could use lie in %s",
                    counts.ready, QUEUE_DEAD);
    else
        doctor_ok(d, "%s is empty", QUEUE_DEAD);
}

void check_broker_alarm(struct doctor *d)
{
    struct error err;
    bool blocked;

    if (!is_answered(d, broker_ask_alarm(d->broker, &blocked, &err), &err))
        return;
    if (blocked)
        doctor_fail(d, "rabbitmqctl status: free memory or disk space on its host.",
                    "an alarm keeps it from taking messages; they leave straight from Postgres");
    else
        doctor_ok(d, "none");
}
