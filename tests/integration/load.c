/* load - clients in processes of their own, which share what they saw. */
#include "tests/integration/load.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "tests/integration/stack.h"
#include "tests/integration/witness.h"

static void note(struct load *l, const struct answer *a)
{
    int place;

    if (a->status >= 0 && a->status < 600)
        __atomic_add_fetch(&l->answers[a->status], 1, __ATOMIC_SEQ_CST);
    if (a->status >= 500 && l->first_bad == 0)
        l->first_bad = a->status;
    if (a->status != 202)
        return;
    place = __atomic_fetch_add(&l->next_id, 1, __ATOMIC_SEQ_CST);
    if (place < LOAD_IDS_MOST)
        strncpy(l->ids[place], text_at(a->json, "id"), sizeof l->ids[place] - 1);
}

/* In a process of its own; no assertion of Check's may be made here. */
static void work(struct load *l, const char *url, const char *key, long long first_number)
{
    while (!l->stop) {
        int n = __atomic_fetch_add(&l->next_number, 1, __ATOMIC_SEQ_CST);
        struct answer a;

        if (http_send("POST", url, key, sms_body(text("+%lld", first_number + n)), NULL, &a))
            note(l, &a);
        else
            __atomic_add_fetch(&l->no_answer, 1, __ATOMIC_SEQ_CST);
    }
    _exit(0);
}

struct load *load_start(const struct user *u, const char *url, long long first_number)
{
    struct load *l = mmap(NULL, sizeof *l, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    ck_assert(l != MAP_FAILED);
    url = text("%s/api/v1/messages", url);
    for (int i = 0; i < LOAD_CLIENTS; i++) {
        pid_t pid = fork(); /* not into the shared memory, where parent and child would both write */

        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            work(l, url, u->key, first_number);
        }
        l->pids[i] = pid;
    }
    return l;
}

int load_accepted(const struct load *l)
{
    return l->next_id < LOAD_IDS_MOST ? l->next_id : LOAD_IDS_MOST;
}

void load_stop(struct load *l)
{
    l->stop = 1;
    for (int i = 0; i < LOAD_CLIENTS; i++)
        ck_assert_int_eq(process_wait(l->pids[i], 40000), 0);
}

/* "id,id,..." */
static const char *all_ids(const struct load *l)
{
    struct buf out = BUF_INIT(2 << 20);
    const char *kept;

    for (int i = 0; i < load_accepted(l); i++)
        buf_addf(&out, "%s%s", i > 0 ? "," : "", l->ids[i]);
    kept = text("%s", buf_str(&out));
    buf_free(&out);
    return kept;
}

void load_expect_all_found(const struct load *l)
{
    ck_assert_int_eq(sql_number("SELECT count(*) FROM messages m JOIN message_recipients r"
                                "  ON r.message_id = m.id AND r.n = 0 WHERE m.id = ANY ('{%s}')",
                                all_ids(l)), load_accepted(l));
}

size_t load_sent(const struct load *l)
{
    return (size_t)sql_number("SELECT count(*) FROM message_recipients WHERE message_id = ANY ('{%s}')"
                              " AND status IN ('sent', 'delivered')", all_ids(l));
}

void load_expect_each_once(const struct load *l)
{
    json_t *seen = json_object(), *all = requests_for(""), *one;
    size_t i;

    json_array_foreach (all, i, one) {
        const char *id = json_string_value(json_object_get(one, "recipient_id"));

        ck_assert_msg(json_object_get(seen, id) == NULL ||
                          sql_number("SELECT count(*) FROM message_events WHERE message_id = '%.36s'"
                                     " AND possible_duplicate", id) > 0,
                      "%s was asked for twice", id);
        json_object_set_new(seen, id, json_true());
    }
    for (int k = 0; k < load_accepted(l); k++)
        ck_assert_msg(json_object_get(seen, text("%s.0", l->ids[k])) != NULL, "%s never left", l->ids[k]);
}
