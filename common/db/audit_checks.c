/* audit_checks - the table of what an audit looks for. */
#include "common/db/audit.h"
#include "common/db/messages.h"
#include "common/db/sql.h"

/*
 * `found` is (message_id, n, weight): what is wrong in a step, and how many that makes.  Every table
 * has the bounds of the step in its own condition, so that each is read along its key.
 */
#define FIND(name, found)                                                                         \
    {                                                                                             \
        "audit_" name,                                                                            \
        "WITH given AS (SELECT $1::uuid, $2::uuid, $3::bigint, $4::int), found AS (" found ")"    \
        " SELECT message_id, n, sum(weight) OVER ()::bigint FROM found"                           \
        " ORDER BY message_id, n LIMIT $4::int",                                                  \
        4                                                                                         \
    }
#define WITHIN(id) " " id " > $1::uuid AND " id " <= $2::uuid"

/* What the rows of a message say of it. */
#define TALLY                                                                                     \
    "(SELECT message_id, count(*) AS n, " COUNT_AS(OPEN_STATES, "status") " AS open,"             \
    "        " COUNT_AS(SENT_STATES, "status") " AS sent,"                                        \
    "        " COUNT_AS("'expired'", "status") " AS expired,"                                     \
    "        " COUNT_AS("'cancelled'", "status") " AS cancelled,"                                 \
    "        " COUNT_AS("'pending', 'queued'", "status") " AS waiting,"                           \
    "        bit_or(1 << " PLATFORM_NO("platform") ") AS platforms"                               \
    "   FROM message_recipients WHERE" WITHIN("message_id") " GROUP BY message_id) t"

const struct audit_check audit_checks[] = {
    { AUDIT_LOST, "accepted recipients without a row",
      "restore them from a backup; their message's content is still there",
      FIND("missing",
           "SELECT m.id AS message_id, NULL::int AS n, m.recipient_count - coalesce(t.n, 0) AS weight"
           "  FROM messages m LEFT JOIN " TALLY " ON t.message_id = m.id"
           " WHERE" WITHIN("m.id") " AND coalesce(t.n, 0) < m.recipient_count") },
    { AUDIT_LOST, "live recipients without a dispatch row: nobody will look at them again",
      "INSERT INTO dispatch (message_id, n, lane, due_at) as docs/conservation.md shows",
      FIND("undispatched",
           "SELECT r.message_id, r.n, 1 AS weight"
           "  FROM message_recipients r JOIN messages m ON m.id = r.message_id AND" WITHIN("m.id")
           "  LEFT JOIN dispatch d ON d.message_id = r.message_id AND d.n = r.n AND" WITHIN("d.message_id")
           "  LEFT JOIN dispatch_runs u ON " RUN_OF " AND" WITHIN("u.message_id")
           " WHERE" WITHIN("r.message_id") " AND r.status IN (" OPEN_STATES ") AND " DUE_AT " IS NULL") },
    { AUDIT_ORPHANED, "recipients without their message",
      "DELETE them: without content they can never leave",
      FIND("recipients",
           "SELECT r.message_id, r.n, 1 AS weight FROM message_recipients r"
           "  LEFT JOIN messages m ON m.id = r.message_id AND" WITHIN("m.id")
           " WHERE" WITHIN("r.message_id") " AND m.id IS NULL") },
    { AUDIT_ORPHANED, "dispatch rows without their recipient",
      "DELETE them: the scheduler takes them up again and again for nothing",
      FIND("dispatch",
           "SELECT d.message_id, d.n, 1 AS weight FROM dispatch d"
           "  LEFT JOIN message_recipients r ON r.message_id = d.message_id AND r.n = d.n"
           "   AND" WITHIN("r.message_id")
           " WHERE" WITHIN("d.message_id") " AND r.n IS NULL") },
    /* Some may be there for a moment: the scheduler makes one for a run just when that end comes. */
    { AUDIT_ORPHANED, "dispatch rows of recipients that have their end",
      "DELETE them: nothing is left to do",
      FIND("done",
           "SELECT d.message_id, d.n, 1 AS weight FROM dispatch d"
           "  JOIN message_recipients r ON r.message_id = d.message_id AND r.n = d.n"
           "   AND" WITHIN("r.message_id")
           " WHERE" WITHIN("d.message_id") " AND r.status NOT IN (" OPEN_STATES ")"
           "   AND r.updated_at < now() - interval '1 minute'") },
    { AUDIT_ORPHANED, "runs of messages that have their end, or are not there",
      "DELETE them: nothing is left to do",
      FIND("runs",
           "SELECT u.message_id, NULL::int AS n, 1 AS weight FROM dispatch_runs u"
           "  LEFT JOIN messages m ON m.id = u.message_id AND" WITHIN("m.id")
           " WHERE" WITHIN("u.message_id")
           "   AND (m.id IS NULL OR (m.open_count = 0 AND m.updated_at < now() - interval '1 minute'))") },
    { AUDIT_ORPHANED, "events of the timeline without their message",
      "DELETE them: nobody can read them",
      FIND("events",
           "SELECT e.message_id, NULL::int AS n, e.weight FROM ("
           "  SELECT message_id, count(*) AS weight FROM message_events"
           "   WHERE" WITHIN("message_id") " GROUP BY message_id) e"
           "  LEFT JOIN messages m ON m.id = e.message_id AND" WITHIN("m.id")
           " WHERE m.id IS NULL") },
    { AUDIT_MISCOUNTED, "messages whose counters differ from their recipients",
      "UPDATE messages from the rows, as docs/conservation.md shows",
      FIND("counters",
           "SELECT m.id AS message_id, NULL::int AS n, 1 AS weight"
           "  FROM messages m JOIN " TALLY " ON t.message_id = m.id"
           " WHERE" WITHIN("m.id") " AND t.n >= m.recipient_count"
           "   AND (m.recipient_count, m.open_count, m.sent_count, m.expired_count, m.platforms)"
           "    <> (t.n, t.open, t.sent, t.expired, t.platforms)") },
    /* Where counters are right too, so that each cause is told once. */
    { AUDIT_MISCOUNTED, "messages whose status differs from their recipients",
      "UPDATE messages SET status: pending while any is open, else as docs/conservation.md says",
      FIND("status",
           "SELECT m.id AS message_id, NULL::int AS n, 1 AS weight"
           "  FROM messages m JOIN " TALLY " ON t.message_id = m.id"
           " WHERE" WITHIN("m.id") " AND t.n = m.recipient_count AND m.open_count = t.open"
           "   AND NOT CASE WHEN t.open > 0 AND t.waiting + t.cancelled = t.n"
           "                THEN m.status IN ('scheduled', 'pending')"
           "                WHEN t.open > 0 THEN m.status = 'pending'"
           "                WHEN t.sent > 0 THEN m.status = 'completed'"
           "                WHEN t.expired = t.n THEN m.status = 'expired'"
           "                WHEN t.cancelled = t.n THEN m.status = 'cancelled'"
           "                ELSE m.status = 'failed' END") },
    { AUDIT_OVERDUE, "recipients whose time has passed, and nobody takes them up",
      "see `notifyctl queue status`: is workerd up, is a breaker open, is there a backlog?",
      FIND("overdue",
           "SELECT d.message_id, d.n, 1 AS weight FROM dispatch d"
           "  JOIN message_recipients r ON r.message_id = d.message_id AND r.n = d.n"
           "   AND" WITHIN("r.message_id")
           " WHERE" WITHIN("d.message_id") " AND r.status IN (" OPEN_STATES ")"
           "   AND d.due_at < now() - $3::bigint * interval '1 millisecond'"
           " UNION ALL "
           "SELECT r.message_id, r.n, 1 FROM dispatch_runs u"
           "  JOIN message_recipients r ON " RUN_OF " AND" WITHIN("r.message_id")
           "  LEFT JOIN dispatch d ON d.message_id = r.message_id AND d.n = r.n AND" WITHIN("d.message_id")
           " WHERE" WITHIN("u.message_id") " AND r.status IN (" OPEN_STATES ") AND d.n IS NULL"
           "   AND u.due_at < now() - $3::bigint * interval '1 millisecond'") },
};
const size_t n_audit_checks = sizeof audit_checks / sizeof *audit_checks;

const char *audit_fault_name(enum audit_fault f)
{
    static const char *const names[AUDIT_FAULTS] = {
        [AUDIT_LOST] = "lost",
        [AUDIT_ORPHANED] = "orphaned",
        [AUDIT_MISCOUNTED] = "miscounted",
        [AUDIT_OVERDUE] = "overdue",
    };

    return names[f];
}
