/*
 * conf-manual - prints notification-system.conf(5) with its list of keys made anew from the table
 * of options.
 *
 *   conf-manual man/notification-system.conf.5
 *
 * The list stands between two comment lines of the page; everything else is kept as it is.  `make
 * man-options` writes the page so, and tests/conf-manual.sh fails when it differs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/config/options.h"

#define PAGE_MOST 400000

static const char begin_mark[] =
    ".\\\" Made by man/conf-manual from here on; make man-options makes it anew.\n";
static const char end_mark[] = ".\\\" Made by man/conf-manual up to here.\n";

/* What a section, or a kind of provider, is for; each is a heading, in this order. */
static const struct {
    const char *section, *kind, *words;
} parts[] = {
    { "server", NULL, "notify.fcgi, which answers the HTTP API." },
    { "database", NULL, "Postgres." },
    { "redis", NULL, "Redis: quotas, rates and breakers of all processes; it may be away." },
    { "rabbitmq", NULL, "RabbitMQ: the queues." },
    { "rate_limit", NULL,
      "Limits of users, by their tier; a further tier is one more key: gold = 5000." },
    { "worker", NULL, "workerd, which calls the providers." },
    { "scheduler", NULL, "The scheduler in workerd." },
    { "platform.*", NULL,
      "[platform.sms], [platform.email], [platform.whatsapp] and [platform.telegram]: the ways to "
      "reach "
      "a person." },
    { "log", NULL, "Log lines on standard error." },
    { "provider.*", NULL,
      "One section [provider.NAME] for each account with a provider; NAME is 1 to 40 letters, "
      "digits, "
      "_, - or . and platforms list it.  All kinds have these keys:" },
    { "provider.*", "twilio", "For sms and whatsapp. Needs account_sid and auth_token." },
    { "provider.*", "sendgrid", "For email. Needs api_key." },
    { "provider.*", "smtp", "For email, through any mail server. Needs url." },
    { "provider.*", "whatsapp_cloud",
      "For whatsapp, through Meta's Cloud API. Needs access_token and phone_number_id." },
    { "provider.*", "telegram", "For telegram, through a bot. Needs bot_token." },
    { "provider.*", "http",
      "For any platform, through a gateway that this section describes. Needs url." },
    { "provider.*", "mock",
      "For any platform, for trying things out: accepts everything and sends nothing. Has no key "
      "of its own." },
};
#define N_PARTS (sizeof parts / sizeof *parts)

/* Text as roff: no hyphen for a minus, no request at the start of a line. */
static void add_text(struct buf *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        buf_adds(out, "\\&");
    for (; *text != '\0'; text++) {
        if (*text == '-')
            buf_adds(out, "\\-");
        else if (*text == '\\')
            buf_adds(out, "\\e");
        else
            buf_addc(out, *text);
    }
}

/* A sentence a line, as roff wants it. */
static void add_sentences(struct buf *out, const char *text)
{
    for (const char *end; (end = strstr(text, ". ")) != NULL;
         text = end + 1 + strspn(end + 1, " ")) {
        struct buf one = BUF_INIT(1000);

        buf_add(&one, text, (size_t)(end + 1 - text));
        add_text(out, buf_str(&one));
        buf_addc(out, '\n');
        buf_free(&one);
    }
    add_text(out, text);
    buf_addc(out, '\n');
}

static void add_choices(struct buf *out, const char *choices)
{
    for (; *choices != '\0'; choices++) {
        if (*choices == '|')
            buf_adds(out, ", ");
        else
            buf_addc(out, *choices);
    }
}

static void add_values(struct buf *out, const struct option *o)
{
    switch (o->type) {
    case OPT_INT:
    case OPT_INT64:
        buf_addf(out, "%" PRId64 " to %" PRId64, o->min, o->max);
        return;
    case OPT_BOOL:
        buf_adds(out, "true or false");
        return;
    case OPT_CHOICE:
    case OPT_CHOICE_INDEX:
        buf_adds(out, "one of ");
        add_choices(out, o->choices);
        return;
    case OPT_SECRET:
        buf_adds(out, "a secret");
        return;
    case OPT_LIST:
        buf_adds(out, "names, comma-separated");
        return;
    case OPT_TEXT:
        buf_adds(out, "text");
        return;
    }
}

static void add_option(struct buf *out, const struct option *o)
{
    struct buf values = BUF_INIT(1000);

    buf_adds(out, ".TP\n.B ");
    add_text(out, o->key);
    buf_addc(out, '\n');
    add_sentences(out, o->comment);
    add_values(&values, o);
    buf_adds(out, o->fallback[0] != '\0' ? "Default " : "Empty by default");
    add_text(out, o->fallback);
    buf_adds(out, "; ");
    add_text(out, buf_str(&values));
    buf_adds(out, o->reloads ? ".\nA running program takes another value up.\n" : ".\n");
    buf_free(&values);
}

static bool is_of_kind(const struct option *o, const char *kind)
{
    size_t len = kind == NULL ? 0 : strlen(kind);

    if (kind == NULL || o->kinds == NULL)
        return kind == NULL && o->kinds == NULL;
    for (const char *at = o->kinds; *at != '\0'; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");

        if (n == len && strncmp(at, kind, n) == 0)
            return true;
        at += n;
    }
    return false;
}

/* Counts each option that it shows in shown[]. */
static void add_part(struct buf *out, size_t part, int shown[])
{
    const char *section = parts[part].section, *kind = parts[part].kind;

    buf_addf(out, kind != NULL ? ".SS [provider.NAME] of kind = %s\n" : ".SS [%s]\n",
             kind != NULL                         ? kind
             : strcmp(section, "provider.*") == 0 ? "provider.NAME"
             : strcmp(section, "platform.*") == 0 ? "platform.PLATFORM"
                                                  : section);
    add_sentences(out, parts[part].words);
    for (size_t i = 0; i < n_options; i++) {
        if (strcmp(options[i].section, section) == 0 && is_of_kind(&options[i], kind)) {
            add_option(out, &options[i]);
            shown[i]++;
        }
    }
}

/* False, said on standard error, where no part has shown an option. */
static bool all_shown(const int shown[])
{
    bool all = true;

    for (size_t i = 0; i < n_options; i++) {
        if (shown[i] == 0) {
            fprintf(stderr, "conf-manual: no part shows [%s] %s: add it to the table of parts\n",
                    options[i].section, options[i].key);
            all = false;
        }
    }
    return all;
}

static char *read_page(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, PAGE_MOST);

    if (f == NULL || text == NULL || fread(text, 1, PAGE_MOST - 1, f) == 0) {
        fprintf(stderr, "conf-manual: cannot read %s\n", path);
        exit(1);
    }
    fclose(f);
    return text;
}

int main(int argc, char **argv)
{
    struct buf out = BUF_INIT(PAGE_MOST);
    int *shown = calloc(n_options, sizeof *shown);
    const char *begin, *end;
    char *page;

    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: conf-manual PAGE\n");
        return 2;
    }
    page = read_page(argv[1]);
    begin = strstr(page, begin_mark);
    end = strstr(page, end_mark);
    if (begin == NULL || end == NULL || end < begin || shown == NULL) {
        fprintf(stderr, "conf-manual: %s has no two lines that say where the list of keys stands\n",
                argv[1]);
        return 1;
    }
    buf_add(&out, page, (size_t)(begin - page) + sizeof begin_mark - 1);
    for (size_t i = 0; i < N_PARTS; i++)
        add_part(&out, i, shown);
    buf_adds(&out, end);
    if (!all_shown(shown) || buf_overflowed(&out))
        return 1;
    fputs(buf_str(&out), stdout);
    buf_free(&out);
    free(shown);
    free(page);
    return 0;
}
