/* Tests of common/transport/names: one look-up a name at once, and how long its answer is used. */
#include "common/transport/names.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "tests/unit/suite.h"

/* ---- a resolver of our own, in the place of libc's ---- */

static atomic_int asked;   /* look-ups so far */
static const char *answer; /* "192.0.2.1 2001:db8::1"; NULL: there is no such name */
static sem_t may_answer;   /* of "hangs.example" */

static struct addrinfo *one_address(const char *text)
{
    struct {
        struct addrinfo info;
        struct sockaddr_storage address;
    } *a = calloc(1, sizeof *a);
    struct sockaddr_in *v4 = (void *)&a->address;
    struct sockaddr_in6 *v6 = (void *)&a->address;

    a->info.ai_addr = (void *)&a->address;
    a->info.ai_socktype = SOCK_STREAM;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        a->info.ai_addrlen = sizeof *v4;
        a->info.ai_family = v4->sin_family = AF_INET;
    } else {
        ck_assert_int_eq(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
        a->info.ai_addrlen = sizeof *v6;
        a->info.ai_family = v6->sin6_family = AF_INET6;
    }
    return &a->info;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    char texts[2048] = "", *rest = texts;

    atomic_fetch_add(&asked, 1);
    if (strcmp(host, "hangs.example") == 0)
        sem_wait(&may_answer);
    if (answer == NULL)
        return EAI_NONAME;
    for (strcpy(texts, answer); rest != NULL;) {
        *out = one_address(strsep(&rest, " "));
        out = &(*out)->ai_next;
    }
    return 0;
}

/* ---- */

static struct names *names;
static const char *found;

static void setup(const char *first_answer)
{
    log_open("test", LEVEL_ERROR, LOG_TEXT);
    sem_init(&may_answer, 0, 0);
    names = names_new();
    answer = first_answer;
    found = NULL;
}

/* Waits for the look-up under way, and takes its answer. */
static void gather(int64_t now_ms)
{
    struct pollfd bell = { .fd = names_fd(names), .events = POLLIN };

    ck_assert_int_eq(poll(&bell, 1, 10000), 1);
    names_gather(names, now_ms);
}

static int find(const char *host, int64_t now_ms)
{
    return names_find(names, host, now_ms, &found);
}

START_TEST(a_name_is_looked_up_once_however_many_ask)
{
    setup("192.0.2.1");
    for (int i = 0; i < 500; i++)
        ck_assert_int_eq(find("api.example", 1000 + i), NAMES_COMING);
    gather(2000);
    ck_assert_int_eq(find("api.example", 2000), NAMES_FOUND);
    ck_assert_str_eq(found, "192.0.2.1");
    ck_assert_int_eq(find("api.example", 2000 + NAMES_FRESH_MS - 1), NAMES_FOUND);
    ck_assert_int_eq(atomic_load(&asked), 1);
    names_free(names);
}
END_TEST

START_TEST(all_addresses_are_kept_in_the_order_of_the_resolver)
{
    setup("2001:db8::1 192.0.2.7 2001:db8::2");
    find("api.example", 0);
    gather(0);
    ck_assert_int_eq(find("api.example", 0), NAMES_FOUND);
    ck_assert_str_eq(found, "[2001:db8::1],192.0.2.7,[2001:db8::2]");
    names_free(names);
}
END_TEST

START_TEST(more_addresses_than_there_is_room_for_are_left_out)
{
    char many[2048] = "2001:db8:1111:1111:1111:1111:1111:1111";

    for (int i = 0; i < 40; i++)
        strcat(many, " 2001:db8:2222:2222:2222:2222:2222:2222");
    setup(many);
    find("api.example", 0);
    gather(0);
    ck_assert_int_eq(find("api.example", 0), NAMES_FOUND);
    ck_assert_uint_gt(strlen(found), 400);
    ck_assert_uint_lt(strlen(found), 512);
    ck_assert_int_eq(found[strlen(found) - 1], ']');
    names_free(names);
}
END_TEST

START_TEST(an_old_answer_is_used_beside_the_next_look_up)
{
    int64_t later = 5000 + NAMES_FRESH_MS;

    setup("192.0.2.1");
    find("api.example", 5000);
    gather(5000);
    answer = "192.0.2.2";
    ck_assert_int_eq(find("api.example", later), NAMES_FOUND);
    ck_assert_str_eq(found, "192.0.2.1");
    gather(later);
    ck_assert_int_eq(find("api.example", later), NAMES_FOUND);
    ck_assert_str_eq(found, "192.0.2.2");
    ck_assert_int_eq(atomic_load(&asked), 2);
    names_free(names);
}
END_TEST

START_TEST(an_old_answer_outlives_a_resolver_that_is_away_but_not_for_ever)
{
    int64_t later = NAMES_FRESH_MS, last = NAMES_STALE_MS - 1;

    setup("192.0.2.1");
    find("api.example", 0);
    gather(0);
    answer = NULL;
    find("api.example", later);
    gather(later);
    ck_assert_int_eq(find("api.example", later), NAMES_FOUND);
    ck_assert_int_eq(find("api.example", last), NAMES_FOUND);
    gather(last);
    ck_assert_int_eq(find("api.example", NAMES_STALE_MS), NAMES_NONE);
    names_free(names);
}
END_TEST

START_TEST(a_failure_is_not_looked_up_again_at_once)
{
    setup(NULL);
    ck_assert_int_eq(find("nowhere.example", 0), NAMES_COMING);
    gather(0);
    ck_assert_int_eq(find("nowhere.example", NAMES_FAILED_MS - 1), NAMES_NONE);
    ck_assert_int_eq(atomic_load(&asked), 1);
    answer = "192.0.2.1";
    ck_assert_int_eq(find("nowhere.example", NAMES_FAILED_MS), NAMES_COMING);
    gather(NAMES_FAILED_MS);
    ck_assert_int_eq(find("nowhere.example", NAMES_FAILED_MS), NAMES_FOUND);
    names_free(names);
}
END_TEST

START_TEST(a_look_up_that_hangs_holds_one_thread_and_no_other_name)
{
    setup("192.0.2.1");
    for (int64_t now_ms = 0; now_ms < 10 * NAMES_STALE_MS; now_ms += NAMES_FRESH_MS)
        ck_assert_int_eq(find("hangs.example", now_ms), NAMES_COMING);
    ck_assert_int_eq(find("api.example", 0), NAMES_COMING);
    gather(0);
    ck_assert_int_eq(find("api.example", 0), NAMES_FOUND);
    ck_assert_int_eq(find("hangs.example", 0), NAMES_COMING);
    sem_post(&may_answer);
    gather(0);
    ck_assert_int_eq(find("hangs.example", 0), NAMES_FOUND);
    ck_assert_int_eq(atomic_load(&asked), 2);
    names_free(names);
}
END_TEST

START_TEST(the_end_waits_for_no_look_up)
{
    setup("192.0.2.1");
    ck_assert_int_eq(find("hangs.example", 0), NAMES_COMING);
    names_free(names); /* a wait would never end: the look-up goes on only now */
    sem_post(&may_answer);
    names_free(NULL);
}
END_TEST

SUITE("names", a_name_is_looked_up_once_however_many_ask,
      all_addresses_are_kept_in_the_order_of_the_resolver,
      more_addresses_than_there_is_room_for_are_left_out,
      an_old_answer_is_used_beside_the_next_look_up,
      an_old_answer_outlives_a_resolver_that_is_away_but_not_for_ever,
      a_failure_is_not_looked_up_again_at_once,
      a_look_up_that_hangs_holds_one_thread_and_no_other_name, the_end_waits_for_no_look_up)
