#ifndef CTL_CTL_H
#define CTL_CTL_H
#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/broker/broker.h"
#include "common/cache/cache.h"
#include "common/config/config.h"
#include "common/db/db.h"
#include "common/db/recipients.h"
#include "ctl/table.h"
/*
 * ctl - what a command works with: the configuration, the neighbours that it asks for, and the
 * output.  Commands append to `out`; it is written to stdout at the end, or by ctl_flush() earlier.
 */
#define CTL_OUT_MOST (256u << 20)

struct ctl {
    struct arena mem;
    struct config config;
    struct db *db;         /* NULL until ctl_connect() */
    struct broker *broker; /* NULL until ctl_connect_broker() */
    struct cache *cache;   /* NULL until ctl_connect_cache() */
    bool json;
    struct buf out;
    struct buf faults; /* see ctl_fault() */
};
#define CTL_INIT { .out = BUF_INIT(CTL_OUT_MOST), .faults = BUF_INIT(1u << 20) }
void ctl_done(struct ctl *ctl);

/* Sets ctl->db.  ST_UNAVAILABLE names the host or the socket, never the password. */
enum status ctl_connect(struct ctl *ctl, struct error *err);
/* For migrations: tries again until wait_seconds are over, and lets one call take ten minutes. */
enum status ctl_connect_for_migrations(struct ctl *ctl, int wait_seconds, struct error *err);

/* Sets ctl->broker.  A call that blocks is ended by a thread of its own, as long as ctl lives. */
enum status ctl_connect_broker(struct ctl *ctl, struct error *err);
/* For brokers that are opened elsewhere: their blocked calls are ended too. */
void ctl_sweep_broker(void);
/* Sets ctl->cache, which connects at its first command. */
void ctl_connect_cache(struct ctl *ctl);

/* "db.example.com:5432", "socket /run/postgresql/.s.PGSQL.5432"; nothing else of a URL. */
const char *ctl_database_place(const struct config_database *config, struct arena *mem);

/* The folder of migrations: NOTIFY_SQL_DIR, else where they were installed. */
const char *ctl_sql_dir(void);

/* A whole number, digits only.  False: not one, or outside of min .. max. */
bool ctl_read_number(const char *text, int min, int max, int *out);

/* For cells: NULL for a time before 1970; MESSAGE.n.  In the arena. */
const char *ctl_time(struct ctl *ctl, int64_t wall_ms);
const char *ctl_recipient_id(struct ctl *ctl, const struct recipient_ref *ref);

/*
 * For a run that finds, before it has done anything, that the line was wrong after all: what it names
 * had to be read for that.  A line each, all of them told; the run returns ctl_faults_end(), and the exit
 * status is that of wrong usage.
 */
void ctl_fault(struct ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
enum status ctl_faults_end(const struct ctl *ctl, struct error *err); /* ST_OK: there is none */

void ctl_table(struct ctl *ctl, const struct table_column *columns, size_t n_columns,
               const char *const *cells, size_t n_rows);
/* Writes and empties `out`; in JSON mode a document gets its line end. */
enum status ctl_flush(struct ctl *ctl, struct error *err);
/* On stderr: "notifyctl: words", or {"error":{"code","message"}}. */
void ctl_complain(bool json, const char *code, const char *words);
#endif
