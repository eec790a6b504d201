/* server - what the Postgres behind a connection says of itself. */
#include "common/db/server.h"

#include "common/db/sql.h"

/* Which superusers' connections are reserved stands in one setting, and from 16 on in a second. */
static const struct statement look = {
    "server_look",
    "SELECT current_setting('server_version_num'), current_setting('server_version'),"
    " (SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()),"
    " current_setting('fsync'), current_setting('full_page_writes'),"
    " current_setting('data_checksums'), current_setting('synchronous_commit'),"
    " current_setting('max_connections')::int"
    "  - current_setting('superuser_reserved_connections')::int"
    "  - coalesce(current_setting('reserved_connections', true)::int, 0),"
    " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),"
    " (SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database()),"
    " current_setting('autovacuum_freeze_max_age'),"
    " " MS("clock_timestamp()"),
    0
};
enum status server_look(struct db *db, struct arena *mem, struct server_facts *out, struct error *err)
{
    struct rows r;
    enum status s = db_query(db, &look, NULL, mem, &r, err);

    if (s != ST_OK)
        return s;
    *out = (struct server_facts){
        .version = (int)row_int(&r, 0, 0), .version_text = row_text(&r, 0, 1),
        .encoding = row_text(&r, 0, 2), .fsync = row_text(&r, 0, 3),
        .full_page_writes = row_text(&r, 0, 4), .checksums = row_text(&r, 0, 5),
        .synchronous_commit = row_text(&r, 0, 6), .connections_most = (int)row_int(&r, 0, 7),
        .connections_used = (int)row_int(&r, 0, 8), .oldest_xid_age = row_int(&r, 0, 9),
        .xid_age_most = row_int(&r, 0, 10), .clock_ms = row_int(&r, 0, 11),
    };
    return ST_OK;
}
