#ifndef COMMON_DB_SQL_H
#define COMMON_DB_SQL_H
/*
 * sql - what the texts of statements have in common.
 */
#define MS(column) "(extract(epoch FROM " column ") * 1000)::bigint" /* a time as wall milliseconds */

/*
 * Arrays as rows, $1 among them.  The limit says nothing new; without one the planner takes such a list
 * for so many rows that reading a small table whole for each looks cheaper than a look-up by key.
 */
#define LIST(unnest) "(SELECT * FROM " unnest " LIMIT cardinality($1))"

#define PLATFORM_NO(platform) "(array_position(enum_range(NULL::platform), " platform ") - 1)"
#define LANE(platform, priority)                                                                  \
    "(" PLATFORM_NO(platform) " * 3 + array_position(enum_range(NULL::message_priority), " priority ") - 1)"

/* The run u that stands for a recipient r without a row d of its own in dispatch, and when either is due. */
#define RUN_OF                                                                                    \
    "u.message_id = r.message_id AND u.lane / 3 = " PLATFORM_NO("r.platform") " AND u.first <= r.n"
#define DUE_AT "coalesce(d.due_at, u.due_at)"

#define TEXT(number) TEXT_OF(number) /* the value of a macro, as a part of the text */
#define TEXT_OF(number) #number
#endif
