/* telegram - the answers of sendMessage, and the provider's row. */
#include "tests/simulator/telegram.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/random.h"

/* A text of 4096 characters, each of up to six bytes in JSON, and its markup beside it. */
#define ANSWER_MAX (6 * BODY_MAX)
#define ID_MOST 1000000000

static void begin_refusal(struct json_writer *w, int status, const char *description)
{
    jw_open(w, NULL, '{');
    jw_bool(w, "ok", false);
    jw_num(w, "error_code", status);
    jw_text(w, "description", description);
}

static void end_refusal(struct exchange *x, struct json_writer *w, int status,
                        const char *description)
{
    jw_close(w, '}');
    exchange_answer_json(x, status, w->out);
    x->answer.code = status;
    x->answer.problem = description;
}

void telegram_refuse(struct exchange *x, int status, const char *description)
{
    struct buf out = BUF_INIT(ANSWER_MAX);
    struct json_writer w = JSON_WRITER(&out);

    begin_refusal(&w, status, description);
    end_refusal(x, &w, status, description);
}

static const struct failure {
    int status;
    const char *description;
    int retry_after_s; /* 0: not named */
} failures[TELEGRAM_FAULTS] = {
    [FAULT_LIMITED] = { 429, "Too Many Requests: retry after 1", 1 },
    [FAULT_BAD_ADDRESS] = { 400, "Bad Request: chat not found" },
    [FAULT_UNSUBSCRIBED] = { 403, "Forbidden: bot was blocked by the user" },
    [FAULT_CREDENTIALS] = { 401, "Unauthorized" },
    [FAULT_SERVER_ERROR] = { 500, "Internal Server Error" },
    [FAULT_UNAVAILABLE] = { 502, "Bad Gateway" },
    [TELEGRAM_MIGRATED] = { 400, "Bad Request: group chat was upgraded to a supergroup chat" },
    [TELEGRAM_LIMITED_LONGER] = { 429, "Too Many Requests: retry after 3", 3 },
    [TELEGRAM_DEACTIVATED] = { 403, "Forbidden: user is deactivated" },
    [TELEGRAM_KICKED] = { 403, "Forbidden: bot was kicked from the supergroup chat" },
    [TELEGRAM_NOT_A_MEMBER] = { 403, "Forbidden: bot is not a member of the channel chat" },
    [TELEGRAM_NO_CONVERSATION] = { 403,
                                   "Forbidden: bot can't initiate conversation with a user" },
};

/* The supergroup that the chat has become is an ordinary one. */
static int64_t migrated_chat(int number)
{
    return -1002000000000 - (number > 0 ? number : 0);
}

static void fail_message(struct exchange *x, int fault)
{
    const struct failure *f = &failures[fault];
    struct buf out = BUF_INIT(ANSWER_MAX);
    struct json_writer w = JSON_WRITER(&out);

    begin_refusal(&w, f->status, f->description);
    if (f->retry_after_s > 0 || fault == TELEGRAM_MIGRATED) {
        jw_open(&w, "parameters", '{');
        if (fault == TELEGRAM_MIGRATED)
            jw_num(&w, "migrate_to_chat_id", migrated_chat(x->message.number));
        else
            jw_num(&w, "retry_after", f->retry_after_s);
        jw_close(&w, '}');
    }
    end_refusal(x, &w, f->status, f->description);
    if (f->retry_after_s > 0)
        exchange_add_header(x, "Retry-After", arena_printf(&x->mem, "%d", f->retry_after_s));
}

/* ---- acceptance ---- */

/* Ids of messages grow from somewhere, so that those of two runs are not the same. */
static atomic_int_fast64_t last_id;
static pthread_once_t id_once = PTHREAD_ONCE_INIT;

static void choose_first_id(void)
{
    atomic_store(&last_id, (int_fast64_t)random_below(ID_MOST));
}

static void write_bot(struct json_writer *w, const struct settings *s)
{
    jw_open(w, "from", '{');
    jw_num(w, "id", strtoll(s->telegram.token, NULL, 10));
    jw_bool(w, "is_bot", true);
    jw_text(w, "first_name", "Simulator");
    jw_text(w, "username", "simulator_bot");
    jw_close(w, '}');
}

static void write_chat(struct json_writer *w, const char *chat)
{
    jw_open(w, "chat", '{');
    if (*chat == '@') {
        jw_num(w, "id", -1003000000000 - (int64_t)(hash_text(0, chat) % 1000000000));
        jw_text(w, "title", "Channel");
        jw_text(w, "username", chat + 1);
        jw_text(w, "type", "channel");
    } else {
        jw_num(w, "id", strtoll(chat, NULL, 10));
        jw_text(w, *chat == '-' ? "title" : "first_name", *chat == '-' ? "Group" : "Ada");
        jw_text(w, "type", *chat == '-' ? "supergroup" : "private");
    }
    jw_close(w, '}');
}

static void accept_message(const struct settings *s, struct exchange *x)
{
    struct buf out = BUF_INIT(ANSWER_MAX);
    struct json_writer w = JSON_WRITER(&out);
    int64_t id;

    pthread_once(&id_once, choose_first_id);
    id = (int64_t)atomic_fetch_add(&last_id, 1) + 1;
    x->id = arena_printf(&x->mem, "%lld", (long long)id);
    jw_open(&w, NULL, '{');
    jw_bool(&w, "ok", true);
    jw_open(&w, "result", '{');
    jw_num(&w, "message_id", id);
    write_bot(&w, s);
    write_chat(&w, x->message.to);
    jw_num(&w, "date", x->received_ms / 1000);
    jw_text(&w, "text", x->message.text);
    jw_close(&w, '}');
    jw_close(&w, '}');
    exchange_answer_json(x, 200, &out);
}

static const struct behaviour own[] = {
    { "4001", "migrated_once", 1, .fault = TELEGRAM_MIGRATED, .again = true },
    { "4002", "migrated_always", .fault = TELEGRAM_MIGRATED, .again = true, .ends = ENDS_OPEN },
    { "4030", "deactivated", .fault = TELEGRAM_DEACTIVATED },
    { "4031", "kicked", .fault = TELEGRAM_KICKED },
    { "4032", "not_a_member", .fault = TELEGRAM_NOT_A_MEMBER },
    { "4033", "no_conversation", .fault = TELEGRAM_NO_CONVERSATION },
    { "4292", "limited_longer_once", 1, .fault = TELEGRAM_LIMITED_LONGER, .again = true },
    { NULL },
};

static struct seen seen = SEEN_INIT;

const struct provider telegram_provider = {
    .name = "telegram",
    .prefix = "/bot",
    .repertoire = { .traits = TRAIT_HTTP, .own = own, .seen = &seen },
    .check = telegram_check,
    .fail = fail_message,
    .accept = accept_message,
    .event_name = event_name,
};
