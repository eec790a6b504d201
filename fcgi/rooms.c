/* rooms - places on the belt, lane by lane. */
#include "fcgi/rooms.h"

#define LEAST 100  /* a lane that rests takes a message of so many at once */
#define MOST 20000 /* more than is accepted between two looks */

void rooms_init(struct rooms *r, const struct config *config)
{
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        struct room *room = &r->lanes[lane];
        int rate = config_rate_of(config, lane_platform(lane));

        window_init(&room->window, LEAST, MOST, rate);
        room->granted = (long)window_room(&room->window);
        atomic_init(&room->left, room->granted);
    }
}

/* ---- any thread ---- */

static bool take(struct room *room, long n)
{
    if (n == 0 || atomic_fetch_sub(&room->left, n) >= n)
        return true;
    atomic_fetch_add(&room->left, n);
    return false;
}

bool rooms_take(struct rooms *r, const struct message_draft *d)
{
    long wanted[PF_COUNT] = { 0 };

    for (size_t i = 0; i < d->n_recipients; i++)
        wanted[d->recipients[i].platform]++;
    for (int pf = 0; pf < PF_COUNT; pf++) {
        if (take(&r->lanes[lane_of((enum platform)pf, d->priority)], wanted[pf]))
            continue;
        while (--pf >= 0)
            atomic_fetch_add(&r->lanes[lane_of((enum platform)pf, d->priority)].left, wanted[pf]);
        return false;
    }
    return true;
}

/* ---- the one that looks ---- */

void rooms_follow(struct rooms *r, const struct config *config)
{
    for (int lane = 0; lane < LANE_COUNT; lane++)
        window_follow(&r->lanes[lane].window, LEAST, config_rate_of(config, lane_platform(lane)));
}

bool rooms_at_rest(const struct rooms *r, int lane)
{
    const struct room *room = &r->lanes[lane];

    return atomic_load(&room->left) == room->granted && room->window.ready == 0 &&
           room->window.size == room->window.least;
}

/* A room of which half was used may grow, and one that was hardly used shrinks. */
void rooms_look(struct rooms *r, int lane, uint32_t ready, int64_t now_ms)
{
    struct room *room = &r->lanes[lane];
    long granted = room->granted, taken = granted - atomic_load(&room->left);

    if (taken > 0)
        window_put(&room->window, (size_t)taken);
    window_note(&room->window, ready, ready > 0 || 2 * taken >= granted, now_ms);
    if (ready == 0 && 4 * taken < granted)
        window_shrink(&room->window);
    room->granted = (long)window_room(&room->window);
    atomic_fetch_add(&room->left, room->granted - (granted - taken));
}
