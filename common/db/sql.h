#ifndef COMMON_DB_SQL_H
#define COMMON_DB_SQL_H
/*
 * sql - what the texts of statements have in common.
 */
#define MS(column) "(extract(epoch FROM " column ") * 1000)::bigint" /* a time as wall milliseconds */

#define TEXT(number) TEXT_OF(number) /* the value of a macro, as a part of the text */
#define TEXT_OF(number) #number
#endif
