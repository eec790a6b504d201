/* ground - the role and the database that everything else stands on. */
#include "common/db/ground.h"

static const struct statement look = {
    "ground_look",
    "SELECT r.rolname IS NOT NULL, coalesce(r.rolcanlogin, false), d.datname IS NOT NULL,"
    " pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding)"
    " FROM (SELECT 1) AS one"
    " LEFT JOIN pg_roles r ON r.rolname = $1"
    " LEFT JOIN pg_database d ON d.datname = $2", 2
};

/* Names and passwords are no parameters in these commands: the server itself quotes them. */
static const struct statement role_text = {
    "ground_role_text",
    "SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', $1::text, $2::text)", 2
};
static const struct statement database_text = {
    "ground_database_text",
    "SELECT format('CREATE DATABASE %I OWNER %I ENCODING ''UTF8'' TEMPLATE template0', $1::text, $2::text)",
    2
};

enum status ground_look(struct db *db, const char *role, const char *database, struct arena *mem,
                        struct ground *out, struct error *err)
{
    struct rows r;
    enum status s = db_query(db, &look, (const char *[]){ role, database }, mem, &r, err);

    if (s != ST_OK)
        return s;
    *out = (struct ground){
        .role_exists = row_bool(&r, 0, 0), .role_logs_in = row_bool(&r, 0, 1),
        .database_exists = row_bool(&r, 0, 2),
        .owner = row_bool(&r, 0, 2) ? row_text(&r, 0, 3) : NULL, .encoding = row_text(&r, 0, 4),
    };
    return ST_OK;
}

static enum status run(struct db *db, const struct statement *text, const char *const args[],
                       struct arena *mem, struct error *err)
{
    struct rows r;
    enum status s = db_query(db, text, args, mem, &r, err);

    return s == ST_OK ? db_script(db, row_text(&r, 0, 0), err) : s;
}

enum status ground_make_role(struct db *db, const char *role, const char *password,
                             struct arena *mem, struct error *err)
{
    const char *digest = NULL;
    enum status s = ST_OK;

    if (password[0] != '\0')
        s = db_password_digest(db, role, password, mem, &digest, err);
    return s == ST_OK ? run(db, &role_text, (const char *[]){ role, digest }, mem, err) : s;
}

enum status ground_make_database(struct db *db, const char *database, const char *owner,
                                 struct arena *mem, struct error *err)
{
    return run(db, &database_text, (const char *[]){ database, owner }, mem, err);
}
