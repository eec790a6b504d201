/* What a replay and a purge do to a failed recipient, its message, timer and timeline; and the list
 * of failures. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/db/callbacks.h"
#include "common/db/dead.h"
#include "common/db/dispatch.h"
#include "common/db/events.h"
#include "common/db/messages.h"
#include "tests/integration/pg_suite.h"
#include "tests/integration/tables.h"

#define mem tables_mem
#define err tables_err

#define MAX_ATTEMPTS 6
#define MOST 50

static const struct dead_filter all = { .since_ms = -1, .until_ms = -1 };
static const struct dead_place latest = DEAD_FROM_LATEST;

/* Which recipients are listed, as "n n n" of the order in which they come. */
static const char *listed(struct db *db, const struct dead_filter *f)
{
    struct dead_recipient *list;
    const char *names = "";
    size_t n, counted;

    OK(dead_page(db, f, latest, MOST, &mem, &list, &n, &err));
    OK(dead_count(db, f, MOST, &mem, &counted, &err));
    ck_assert_uint_eq(counted, n);
    for (size_t i = 0; i < n; i++)
        names = arena_printf(&mem, "%s%s%d", names, i == 0 ? "" : " ", list[i].ref.n);
    return names;
}

static int fence_of(struct db *db, const struct message_draft *d, int n)
{
    return atoi(tables_ask(db, "SELECT fence FROM message_recipients WHERE message_id = '%s' AND n = %d",
                           d->id, n));
}

/* As it stands in its table. */
static struct recipient_ref present_ref(struct db *db, const struct message_draft *d, int n)
{
    return tables_ref(d, n, fence_of(db, d, n));
}

static bool replay_one(struct db *db, const struct recipient_ref *ref)
{
    bool moved;

    OK(dead_replay(db, ref, 1, MAX_ATTEMPTS, &mem, &moved, &err));
    return moved;
}

static bool purge_one(struct db *db, const struct recipient_ref *ref)
{
    bool moved;

    OK(dead_purge(db, ref, 1, &mem, &moved, &err));
    return moved;
}

/* ---- steps by letters ---- */

static void record_as(struct db *db, const struct message_draft *d, int n, struct outcome o)
{
    bool moved;

    o.ref = present_ref(db, d, n);
    o.provider = "twilio";
    OK(recipients_record(db, &o, 1, &mem, &moved, &err));
}

static void report_as(struct db *db, const struct message_draft *d, int n, enum delivery_event event)
{
    struct callback_report r = tables_callback(&mem, d->id, n, event);
    struct callbacks_tally tally;

    r.code = "30003";
    OK(callbacks_record(db, &r, 1, &mem, &tally, &err));
}

static void claim_now(struct db *db, const struct message_draft *d, int n)
{
    struct recipient_ref ref = present_ref(db, d, n);
    struct claim *claims;
    size_t count;

    OK(recipients_claim(db, &ref, 1, &mem, &claims, &count, &err));
    ck_assert_uint_eq(count, 1);
}

/* c claimed, s sent, f refused, u unclear, late ones too; S D F: reports; R replay, P purge. */
static void step(struct db *db, const struct message_draft *d, int n, char letter)
{
    struct recipient_ref ref = present_ref(db, d, n);

    switch (letter) {
    case 'c': claim_now(db, d, n); return;
    case 's': record_as(db, d, n, (struct outcome){ .status = DS_SENT, .provider_id = "SM1" }); return;
    case 'f': record_as(db, d, n, (struct outcome){ .status = DS_FAILED, .code = "21211" }); return;
    case 'u': record_as(db, d, n, (struct outcome){ .status = DS_PENDING, .code = "timeout",
                                                    .possible_duplicate = true }); return;
    case 'S': report_as(db, d, n, EV_REPORTED_SENT); return;
    case 'D': report_as(db, d, n, EV_REPORTED_DELIVERED); return;
    case 'F': report_as(db, d, n, EV_REPORTED_FAILED); return;
    case 'R': ck_assert(replay_one(db, &ref)); return;
    case 'P': ck_assert(purge_one(db, &ref)); return;
    default: ck_abort_msg("no step %c", letter);
    }
}

static void walk(struct db *db, const struct message_draft *d, int n, const char *steps)
{
    for (; *steps != '\0'; steps++)
        step(db, d, n, *steps);
}

/* ---- counters ---- */

/* The only recipient of a message, and recipient 0 beside one that has been sent. */
static const struct {
    const char *steps, *state, *alone, *beside;
} paths[] = {
    { "cf", "failed 1 1", "failed 0/0/0", "completed 0/1/0" },
    { "cfR", "pending 1 0", "pending 1/0/0", "pending 1/1/0" },
    { "cfRcs", "sent 2 1", "completed 0/1/0", "completed 0/2/0" },
    { "cfRcf", "failed 2 1", "failed 0/0/0", "completed 0/1/0" },
    { "cfRcfR", "pending 2 0", "pending 1/0/0", "pending 1/1/0" },
    /* Sent, and reported as failed afterwards: it no longer counts as sent. */
    { "csF", "failed 1 1", "failed 0/0/0", "completed 0/1/0" },
    { "csFR", "pending 1 0", "pending 1/0/0", "pending 1/1/0" },
    { "csFRcf", "failed 2 1", "failed 0/0/0", "completed 0/1/0" },
    { "csFRcfR", "pending 2 0", "pending 1/0/0", "pending 1/1/0" },
    { "csFRcs", "sent 2 1", "completed 0/1/0", "completed 0/2/0" },
    { "csFRcsF", "failed 2 1", "failed 0/0/0", "completed 0/1/0" },
    { "csFRcsFR", "pending 2 0", "pending 1/0/0", "pending 1/1/0" },
    { "cSFR", "pending 1 0", "pending 1/0/0", "pending 1/1/0" },
    /* The report was faster than our record, which came late. */
    { "cFs", "failed 1 1", "failed 0/0/0", "completed 0/1/0" },
    { "cFsR", "pending 1 0", "pending 1/0/0", "pending 1/1/0" },
    { "cFsRcsFR", "pending 2 0", "pending 1/0/0", "pending 1/1/0" },
    { "csFRcFsR", "pending 2 0", "pending 1/0/0", "pending 1/1/0" },
    /* Words about the attempts before it. */
    { "csFRF", "pending 1 0", "pending 1/0/0", "pending 1/1/0" },
    { "csFRD", "delivered 1 0", "completed 0/1/0", "completed 0/2/0" },
    { "csFPR", "pending 1 0", "pending 1/0/0", "pending 1/1/0" },
};

START_TEST(a_replay_puts_the_counters_of_its_message_right)
{
    struct db *db = tables_open(&cluster, "counters");

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct message_draft *alone = tables_message(db, 1), *beside = tables_message(db, 2);

        walk(db, alone, 0, paths[i].steps);
        walk(db, beside, 1, "cs");
        walk(db, beside, 0, paths[i].steps);
        ck_assert_msg(strcmp(tables_state(db, alone, 0), paths[i].state) == 0, "%s: %s",
                      paths[i].steps, tables_state(db, alone, 0));
        ck_assert_msg(strcmp(tables_counters(db, alone->id), paths[i].alone) == 0, "%s: %s",
                      paths[i].steps, tables_counters(db, alone->id));
        ck_assert_msg(strcmp(tables_counters(db, beside->id), paths[i].beside) == 0, "%s: %s",
                      paths[i].steps, tables_counters(db, beside->id));
    }
    db_free(db);
}
END_TEST

START_TEST(a_replayed_recipient_begins_anew_and_keeps_its_history)
{
    struct db *db = tables_open(&cluster, "anew");
    struct message_draft *d = tables_draft(2);

    d->priority = PRIO_LOW;
    d->recipients[0].platform = PF_WHATSAPP;
    OK(messages_insert(db, (const struct message_draft *[]){ d }, 1, &err));
    walk(db, d, 0, "csF");
    ck_assert_str_eq(tables_due(db, d, 0), "none");
    step(db, d, 0, 'R');
    ck_assert_str_eq(tables_due(db, d, 0), "0");
    ck_assert_str_eq(tables_ask(db, "SELECT lane FROM dispatch WHERE n = 0"),
                     arena_printf(&mem, "%d", lane_of(PF_WHATSAPP, PRIO_LOW)));
    ck_assert_str_eq(tables_ask(db, "SELECT concat_ws('|', provider, provider_id, sent_at,"
                                    " next_attempt_at) FROM message_recipients WHERE n = 0"),
                     "");
    ck_assert_str_eq(tables_events(db, d->id),
                     "0:attempt>sent 0:reported>failed 0:replayed>pending");
    ck_assert_str_eq(tables_ask(db, "SELECT concat_ws('|', provider, code, detail) FROM message_events"
                                    " WHERE event = 'replayed'"),
                     "twilio|30003|the provider's id was SM1");
    ck_assert_str_eq(tables_state(db, d, 1), "pending 0 0");
    ck_assert_str_eq(tables_due(db, d, 1), "3600");
    db_free(db);
}
END_TEST

/* ---- what is left alone ---- */

START_TEST(a_replay_and_a_purge_move_failed_recipients_only)
{
    struct db *db = tables_open(&cluster, "only");
    struct message_draft *d = tables_message(db, DS_COUNT);
    struct recipient_ref refs[DS_COUNT];
    bool moved[DS_COUNT];

    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++) {
        tables_do(db, "UPDATE message_recipients SET status = '%s' WHERE n = %u", delivery_name(s), s);
        refs[s - 1] = tables_ref(d, (int)s, 0);
    }
    tables_do(db, "UPDATE messages SET open_count = 0");
    OK(dead_purge(db, refs, DS_COUNT - 1, &mem, moved, &err));
    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++)
        ck_assert_int_eq(moved[s - 1], s == DS_FAILED);
    OK(dead_replay(db, refs, DS_COUNT - 1, MAX_ATTEMPTS, &mem, moved, &err));
    for (enum delivery_state s = DS_PENDING; s < DS_COUNT; s++) {
        enum delivery_state to = delivery_step(s, EV_REPLAYED);

        ck_assert_int_eq(moved[s - 1], to != DS_NONE);
        ck_assert_str_eq(tables_state(db, d, (int)s),
                         arena_printf(&mem, "%s 0 0", delivery_name(to == DS_NONE ? s : to)));
    }
    ck_assert_str_eq(tables_events(db, d->id),
                     arena_printf(&mem, "%d:purged> %d:replayed>pending", DS_FAILED, DS_FAILED));
    db_free(db);
}
END_TEST

START_TEST(a_replay_names_its_generation_and_succeeds_once)
{
    struct db *db = tables_open(&cluster, "fence");
    struct message_draft *d = tables_message(db, 1);
    struct recipient_ref first, stranger = { tables_id(), 0, 0 };

    walk(db, d, 0, "cf");
    first = present_ref(db, d, 0);
    ck_assert(!replay_one(db, &stranger));
    ck_assert(!replay_one(db, &(struct recipient_ref){ d->id, 0, first.fence + 1 }));
    ck_assert(replay_one(db, &first));
    ck_assert(!replay_one(db, &first));
    walk(db, d, 0, "cf");
    ck_assert(!replay_one(db, &first)); /* of the failure before */
    ck_assert(!purge_one(db, &first));
    ck_assert_str_eq(tables_counters(db, d->id), "failed 0/0/0");
    db_free(db);
}
END_TEST

START_TEST(what_could_only_expire_is_not_replayed)
{
    struct db *db = tables_open(&cluster, "expired");
    struct message_draft *past = tables_message(db, 1), *soon = tables_message(db, 1);
    struct dead_recipient *list;
    struct recipient_ref ref;
    size_t n;

    walk(db, past, 0, "cf");
    walk(db, soon, 0, "cf");
    tables_do(db, "UPDATE messages SET expires_at = now() - interval '1 ms' WHERE id = '%s';"
                  "UPDATE messages SET expires_at = now() + interval '1 h' WHERE id = '%s'",
              past->id, soon->id);
    OK(dead_page(db, &all, latest, MOST, &mem, &list, &n, &err));
    ck_assert_uint_eq(n, 2);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(list[i].expired, strcmp(list[i].ref.message_id, past->id) == 0);
    ref = present_ref(db, past, 0);
    ck_assert(!replay_one(db, &ref));
    ck_assert_str_eq(tables_state(db, past, 0), "failed 1 1");
    ck_assert_str_eq(tables_due(db, past, 0), "none");
    step(db, soon, 0, 'R');
    db_free(db);
}
END_TEST

/* CONTRACT section 5: what may come twice is announced before it goes. */
START_TEST(a_replay_of_an_unknown_outcome_says_possible_duplicate)
{
    static const struct {
        const char *steps, *before, *announced;
    } rows[] = {
        { "cf", "", "f" },
        { "csF", "", "f" },
        { "cucf", "", "t" }, /* an attempt before it was unclear */
        { "cf", "UPDATE message_recipients SET attempts = 6", "t" },
        { "cf", "UPDATE message_recipients SET error_code = 'attempts_exhausted'", "t" },
        { "cf", "UPDATE message_recipients SET error_code = 'outcome_unknown'", "t" },
        { "cf", "UPDATE message_recipients SET error_code = NULL", "f" },
    };
    struct db *db = tables_open(&cluster, "unclear");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message_draft *d = tables_message(db, 1);

        walk(db, d, 0, rows[i].steps);
        tables_do(db, "%s", rows[i].before);
        step(db, d, 0, 'R');
        ck_assert_msg(strcmp(tables_ask(db, "SELECT concat(possible_duplicate) FROM message_events WHERE"
                                            " message_id = '%s' AND event = 'replayed'", d->id),
                             rows[i].announced) == 0, "row %zu", i);
    }
    db_free(db);
}
END_TEST

/* ---- the list ---- */

/* Five failures a second apart, the first a minute ago; the user of each is its draft's. */
static struct message_draft *five_failures(struct db *db)
{
    struct message_draft *d = tables_draft(5);

    d->recipients[3].platform = PF_EMAIL;
    OK(messages_insert(db, (const struct message_draft *[]){ d }, 1, &err));
    for (int n = 0; n < 5; n++)
        walk(db, d, n, n == 2 ? "csF" : "cf");
    tables_do(db, "UPDATE message_events SET at = date_trunc('minute', now()) - interval '1 min'"
                  " + n * interval '1 s' WHERE n IS NOT NULL;"
                  "UPDATE message_recipients SET provider = 'other' WHERE n = 4");
    return d;
}

START_TEST(failures_are_listed_the_latest_first_and_each_once)
{
    struct db *db = tables_open(&cluster, "list");
    struct message_draft *d = five_failures(db);

    ck_assert_str_eq(listed(db, &all), "4 3 2 1 0");
    walk(db, d, 1, "Rcf"); /* fails again, now */
    ck_assert_str_eq(listed(db, &all), "1 4 3 2 0");
    step(db, d, 3, 'R');
    ck_assert_str_eq(listed(db, &all), "1 4 2 0");
    step(db, d, 4, 'P');
    ck_assert_str_eq(listed(db, &all), "1 2 0");
    walk(db, d, 4, "Rcf"); /* failed after it was purged: a failure of its own */
    ck_assert_str_eq(listed(db, &all), "4 1 2 0");
    db_free(db);
}
END_TEST

START_TEST(a_failure_that_is_told_twice_is_listed_once)
{
    struct db *db = tables_open(&cluster, "late");
    struct message_draft *d = tables_message(db, 1);

    walk(db, d, 0, "cFf"); /* reported, then recorded */
    ck_assert_str_eq(tables_events(db, d->id), "0:reported>failed 0:attempt_late>failed");
    ck_assert_str_eq(listed(db, &all), "0");
    db_free(db);
}
END_TEST

START_TEST(filters_narrow_the_list)
{
    struct db *db = tables_open(&cluster, "filters");
    struct message_draft *d = five_failures(db), *other = tables_message(db, 1);
    int64_t first = strtoll(tables_ask(db, "SELECT (extract(epoch FROM min(at)) * 1000)::bigint"
                                           " FROM message_events WHERE n IS NOT NULL"), NULL, 10);
    const struct {
        struct dead_filter f;
        const char *listed;
    } rows[] = {
        { { .by_platform = true, .platform = PF_EMAIL, .since_ms = -1, .until_ms = -1 }, "3" },
        { { .provider = "other", .since_ms = -1, .until_ms = -1 }, "4" },
        { { .code = "30003", .since_ms = -1, .until_ms = -1 }, "2" },
        { { .code = "21211", .message_id = d->id, .since_ms = -1, .until_ms = -1 }, "4 3 1 0" },
        { { .user_id = d->user_id, .since_ms = -1, .until_ms = -1 }, "4 3 2 1 0" },
        { { .user_id = tables_id(), .since_ms = -1, .until_ms = -1 }, "" },
        { { .message_id = d->id, .since_ms = -1, .until_ms = -1 }, "4 3 2 1 0" },
        { { .message_id = other->id, .since_ms = -1, .until_ms = -1 }, "0" },
        { { .since_ms = first + 1000, .until_ms = first + 3000 }, "2 1" },
        { { .since_ms = first + 3001, .until_ms = -1, .message_id = d->id }, "4" },
        { { .since_ms = -1, .until_ms = first }, "" },
    };

    walk(db, other, 0, "cf");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(strcmp(listed(db, &rows[i].f), rows[i].listed) == 0, "row %zu: %s", i,
                      listed(db, &rows[i].f));
    db_free(db);
}
END_TEST

START_TEST(a_page_goes_on_behind_its_place)
{
    struct db *db = tables_open(&cluster, "pages");
    struct message_draft *d = tables_message(db, 7);
    struct dead_place place = latest;
    struct dead_recipient *list;
    const char *seen = "";
    size_t n;

    for (int i = 0; i < 7; i++)
        walk(db, d, i, "cf");
    tables_do(db, "UPDATE message_events SET at = date_trunc('hour', at)"); /* all at once */
    for (size_t pages = 0; pages < 4; pages++) {
        OK(dead_page(db, &all, place, 3, &mem, &list, &n, &err));
        ck_assert_uint_eq(n, pages == 2 ? 1 : pages == 3 ? 0 : 3);
        for (size_t i = 0; i < n; i++) {
            seen = arena_printf(&mem, "%s%d", seen, list[i].ref.n);
            step(db, d, list[i].ref.n, 'R'); /* what is taken away does not move the rest */
        }
        if (n > 0)
            place = list[n - 1].place;
    }
    ck_assert_str_eq(seen, "6543210");
    db_free(db);
}
END_TEST

START_TEST(recipients_are_found_by_their_ids_in_any_state)
{
    struct db *db = tables_open(&cluster, "find");
    struct message_draft *d = tables_message(db, 2);
    struct recipient_ref refs[] = { tables_ref(d, 1, 0), tables_ref(d, 0, 0), tables_ref(d, 2, 0),
                                    { tables_id(), 0, 0 } };
    struct dead_recipient *list;
    struct event *events;
    size_t n;

    walk(db, d, 0, "cu");
    walk(db, d, 1, "csFP");
    OK(dead_find(db, refs, 4, &mem, &list, &n, &err));
    ck_assert_uint_eq(n, 2);
    for (size_t i = 0; i < n; i++) {
        bool failed = list[i].ref.n == 1;

        ck_assert_int_eq(list[i].status, failed ? DS_FAILED : DS_PENDING);
        ck_assert_int_eq(list[i].ref.fence, 1);
        ck_assert_int_eq(list[i].purged, failed);
        ck_assert_str_eq(list[i].address, failed ? "+15550000001" : "+15550000000");
    }
    OK(events_of_recipient(db, d->id, 1, 9, &mem, &events, &n, &err));
    ck_assert_uint_eq(n, 4); /* none of its neighbour's */
    ck_assert_str_eq(events[0].event, "accepted");
    ck_assert_str_eq(events[1].status, "sent");
    ck_assert_str_eq(events[2].event, "reported");
    ck_assert_str_eq(events[3].event, "purged");
    OK(events_of_recipient(db, d->id, 1, 2, &mem, &events, &n, &err));
    ck_assert_uint_eq(n, 2);
    db_free(db);
}
END_TEST

/* ---- what the operator's programs ask besides ---- */

START_TEST(unknown_recipients_are_told_from_known_ones)
{
    struct db *db = tables_open(&cluster, "unknown");
    struct message_draft *d = tables_message(db, 2);
    char capitals[UUID_TEXT_BYTES];
    bool unknown[6] = { true, false, true, false, true, false };

    for (size_t i = 0; i < UUID_TEXT_BYTES; i++)
        capitals[i] = (char)(d->id[i] >= 'a' && d->id[i] <= 'f' ? d->id[i] - 32 : d->id[i]);
    struct recipient_ref refs[] = { tables_ref(d, 0, 0),  tables_ref(d, 2, 0), tables_ref(d, 1, 77),
                                    { tables_id(), 0, 0 }, { capitals, 1, 0 },  tables_ref(d, -1, 0) };
    OK(recipients_unknown(db, refs, 6, &mem, unknown, &err));
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(unknown[i], i == 1 || i == 3 || i == 5);
    db_free(db);
}
END_TEST

START_TEST(a_backlog_is_counted_up_to_a_bound)
{
    struct db *db = tables_open(&cluster, "backlog");
    struct message_draft *d = tables_message(db, 9);
    struct backlog lanes[LANE_COUNT];

    tables_do(db, "UPDATE dispatch SET due_at = now() - n * interval '1 min' WHERE n < 6;"
                  "UPDATE dispatch SET lane = 11 WHERE n = 8");
    OK(dispatch_backlog(db, 100, &mem, lanes, &err));
    ck_assert(lanes[1].due == 6 && lanes[1].waiting == 2);
    ck_assert(lanes[1].oldest_ms >= 300000 && lanes[1].oldest_ms < 360000);
    ck_assert(lanes[11].due == 0 && lanes[11].waiting == 1 && lanes[11].oldest_ms == -1);
    ck_assert(lanes[0].due == 0 && lanes[0].waiting == 0 && lanes[0].oldest_ms == -1);
    OK(dispatch_backlog(db, 4, &mem, lanes, &err));
    ck_assert(lanes[1].due == 4 && lanes[1].waiting == 2);
    ck_assert_ptr_nonnull(d);
    db_free(db);
}
END_TEST

PG_SUITE("replay", a_replay_puts_the_counters_of_its_message_right,
         a_replayed_recipient_begins_anew_and_keeps_its_history,
         a_replay_and_a_purge_move_failed_recipients_only,
         a_replay_names_its_generation_and_succeeds_once, what_could_only_expire_is_not_replayed,
         a_replay_of_an_unknown_outcome_says_possible_duplicate,
         failures_are_listed_the_latest_first_and_each_once,
         a_failure_that_is_told_twice_is_listed_once, filters_narrow_the_list,
         a_page_goes_on_behind_its_place, recipients_are_found_by_their_ids_in_any_state,
         unknown_recipients_are_told_from_known_ones, a_backlog_is_counted_up_to_a_bound)
