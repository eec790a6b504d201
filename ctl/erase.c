/* erase - a person's address, erased from the command line. */
#include "common/db/erase.h"

#include <stdio.h>
#include <string.h>

#include "common/base/json.h"
#include "common/db/users.h"
#include "common/model/recipient.h"
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"
#include "ctl/interrupt.h"
#include "ctl/progress.h"

#define STEP_ROWS 10000
#define ADDRESS_BYTES 256

struct request {
    struct erase_person who;
    bool dry, cut;
    char address[ADDRESS_BYTES];
};

/* ---- the line ---- */

/* "+1 (555) 123-4567" is a way to write a number; it is stored without the rest. */
static void normalise(const char *text, char out[ADDRESS_BYTES])
{
    bool phone = text[0] == '+';
    size_t n = 0;

    for (; *text != '\0' && n + 1 < ADDRESS_BYTES; text++) {
        if (!phone || strchr(" -.()", *text) == NULL)
            out[n++] = *text;
    }
    out[n] = '\0';
}

static enum status check_address(const char *address, const char *platform_name_given, struct error *err)
{
    const char *fault = NULL;
    enum platform p;

    if (platform_name_given != NULL) {
        if (!platform_parse(platform_name_given, &p))
            return error_set(err, ST_INVALID, "--platform must be sms, email, whatsapp or telegram");
        fault = recipient_fault(p, address);
        return fault == NULL ? ST_OK : error_set(err, ST_INVALID, "ADDRESS: %s", fault);
    }
    for (p = 0; p < PF_COUNT; p++) {
        if (recipient_fault(p, address) == NULL)
            return ST_OK;
    }
    return error_set(err, ST_INVALID, "ADDRESS must be a number as +15551234567, an address of mail, a chat's"
                     " id or an @channel");
}

static enum status read_address(struct request *q, const char *text, struct error *err)
{
    if (strlen(text) >= ADDRESS_BYTES)
        return error_set(err, ST_INVALID, "ADDRESS has at most %d bytes", ADDRESS_BYTES - 1);
    normalise(text, q->address);
    q->who.address = q->address;
    return check_address(q->address, q->who.platform, err);
}

static enum status read_request(const struct call *call, struct request *q, struct error *err)
{
    bool yes = call_option(call, "--yes") != NULL;
    enum platform p;

    *q = (struct request){ .dry = call_option(call, "--dry-run") != NULL,
                           .cut = call_option(call, "--content") != NULL,
                           .who.platform = call_option(call, "--platform") };
    if (yes == q->dry)
        return error_set(err, ST_INVALID, "give one of --dry-run, which counts what would go, and --yes");
    if (strcmp(call->args[0], "-") != 0)
        return read_address(q, call->args[0], err);
    if (q->who.platform != NULL && !platform_parse(q->who.platform, &p))
        return error_set(err, ST_INVALID, "--platform must be sms, email, whatsapp or telegram");
    return ST_OK;
}

enum status user_erase_check(const struct ctl *ctl, const struct call *call, struct error *err)
{
    struct request q;

    return read_request(call, &q, err);
}

/* "-": so that it stands in no list of processes and no history of a shell. */
static enum status read_stdin(struct request *q, struct error *err)
{
    char line[ADDRESS_BYTES + 1];

    if (q->address[0] != '\0')
        return ST_OK;
    if (fgets(line, sizeof line, stdin) == NULL)
        return error_set(err, ST_INVALID, "no address on the standard input");
    line[strcspn(line, "\r\n")] = '\0';
    return read_address(q, line, err);
}

/* ---- doing ---- */

static enum status walk(struct ctl *ctl, const struct request *q, struct erase_tally *tally,
                        struct progress *bar, struct error *err)
{
    struct span step = span_begin(0);
    struct arena mem = ARENA_INIT;
    bool more = true;
    enum status s = ST_OK;

    while (s == ST_OK && more && !interrupt_came()) {
        arena_reset(&mem);
        s = span_next(ctl->db, &step, STEP_ROWS, &mem, &more, err);
        if (s == ST_OK && more)
            s = q->dry ? erase_look(ctl->db, &q->who, &step, &mem, tally, err)
                       : erase_step(ctl->db, &q->who, &step, q->cut, &mem, tally, err);
        progress_to(bar, (size_t)tally->looked);
    }
    if (s == ST_OK && !q->dry && !interrupt_came())
        s = erase_elsewhere(ctl->db, &q->who, &mem, tally, err);
    arena_done(&mem);
    return s;
}

static enum status erase_all(struct ctl *ctl, const struct request *q, struct erase_tally *tally,
                             struct error *err)
{
    struct progress bar;
    size_t messages = 0;
    enum status s = ST_OK;

    if (progress_is_wanted(ctl->json))
        s = span_size(ctl->db, &ctl->mem, &messages, err);
    if (s != ST_OK)
        return s;
    progress_begin(&bar, ctl->json, q->dry ? "looking" : "erasing", messages);
    s = walk(ctl, q, tally, &bar, err);
    progress_end(&bar);
    return s;
}

/* Whether the person has an account as well: that is left alone, and told of. */
static enum status find_account(struct ctl *ctl, const struct request *q, bool *found, bool *active,
                                struct error *err)
{
    struct user user;
    enum status s = users_find(ctl->db, q->address, &ctl->mem, &user, err);

    *found = s == ST_OK;
    *active = *found && user.active;
    return s == ST_NOT_FOUND ? ST_OK : s;
}

/* ---- telling ---- */

static const struct {
    const char *name, *words;
} told[ERASE_COUNTS] = {
    [ERASE_CANCELLED] = { "cancelled", "recipients cancelled, which had not left" },
    [ERASE_ERASED] = { "erased", "recipients erased" },
    [ERASE_CONTENTS] = { "contents", "messages emptied, all of whose recipients are erased" },
    [ERASE_MENTIONS] = { "mentions", "other messages that mention it" },
    [ERASE_LIVE] = { "mentions_live", "live messages that mention it, left alone" },
    [ERASE_KEYS] = { "idempotency_keys", "idempotency keys that held it" },
    [ERASE_CALLBACKS] = { "callbacks", "callbacks that held it" },
    [ERASE_IN_FLIGHT] = { "in_flight", "recipients in flight, left alone" },
};

static void tell_json(struct ctl *ctl, const struct request *q, const struct erase_tally *t, bool account)
{
    struct json_writer w = JSON_WRITER(&ctl->out);

    jw_open(&w, NULL, '{');
    jw_bool(&w, "dry_run", q->dry);
    jw_bool(&w, "content", q->cut);
    jw_bool(&w, "interrupted", interrupt_came());
    for (int i = 0; i < ERASE_COUNTS; i++)
        jw_num(&w, told[i].name, t->counts[i]);
    jw_bool(&w, "has_account", account);
    jw_close(&w, '}');
}

static void tell_text(struct ctl *ctl, const struct request *q, const struct erase_tally *t, bool account,
                      bool active)
{
    const struct table_column columns[] = { { "WHAT" }, { q->dry ? "WOULD BE" : "COUNT", .right = true } };
    const char *cells[2 * ERASE_COUNTS];

    for (int i = 0; i < ERASE_COUNTS; i++) {
        cells[2 * i] = told[i].words;
        cells[2 * i + 1] = arena_printf(&ctl->mem, "%lld", (long long)t->counts[i]);
    }
    ctl_table(ctl, columns, 2, cells, ERASE_COUNTS);
    if (t->counts[ERASE_MENTIONS] > 0)
        buf_adds(&ctl->out, q->cut ? q->dry ? "what mentions it would have it cut out\n"
                                            : "what mentioned it has it cut out\n"
                                   : "what mentions it keeps its text: --content cuts it out\n");
    if (q->who.in_texts == NULL)
        buf_adds(&ctl->out, "texts were not searched: a chat's id reads like any number\n");
    if (account)
        buf_addf(&ctl->out, "an account has this address, and was left alone%s\n",
                 active ? ": `notifyctl user disable` refuses its calls" : "; it is disabled");
}

static enum status verdict(const struct request *q, const struct erase_tally *t, struct error *err)
{
    int64_t live = q->cut ? t->counts[ERASE_LIVE] : 0;

    if (interrupt_came())
        return error_set(err, ST_UNAVAILABLE, "interrupted; start it again for the rest");
    if (q->dry || t->counts[ERASE_IN_FLIGHT] + live == 0)
        return ST_OK;
    return error_set(err, ST_CONFLICT, "%lld recipients are in flight and %lld live messages mention it:"
                     " run it again when they have left", (long long)t->counts[ERASE_IN_FLIGHT],
                     (long long)live);
}

enum status user_erase(struct ctl *ctl, const struct call *call, struct error *err)
{
    struct erase_tally tally = { 0 };
    bool account = false, active = false;
    struct request q;
    enum status s = read_request(call, &q, err);

    if (s == ST_OK)
        s = read_stdin(&q, err);
    if (s == ST_OK)
        s = ctl_connect(ctl, err);
    if (s == ST_OK)
        s = find_account(ctl, &q, &account, &active, err);
    if (s != ST_OK)
        return s;
    q.who.address = q.address;
    erase_find(&q.who, &ctl->mem);
    interrupt_watch(SECOND_ENDS);
    s = erase_all(ctl, &q, &tally, err);
    if (ctl->json)
        tell_json(ctl, &q, &tally, account);
    else
        tell_text(ctl, &q, &tally, account, active);
    return s == ST_OK ? verdict(&q, &tally, err) : s;
}
