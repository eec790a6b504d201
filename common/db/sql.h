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

#define TEXT(number) TEXT_OF(number) /* the value of a macro, as a part of the text */
#define TEXT_OF(number) #number
#endif
