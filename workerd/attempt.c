/* attempt - from a claim to an outcome. */
#include "workerd/attempt.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/model/recipient.h"

/* The message's own sender for the platform, else the configuration's; NULL: none. */
static const char *sender_of(struct attempt *a, const struct config *config)
{
    enum platform pf = a->claim.platform;
    const char *fallback = config->platform[pf].from;
    const char *own = NULL;

    if (a->claim.senders != NULL) {
        SCOPED(json_t) doc = json_read(a->claim.senders, strlen(a->claim.senders), NULL);

        own = arena_strdup(&a->mem, json_string_value(json_object_get(doc, platform_name(pf))));
    }
    return own != NULL ? own : fallback[0] != '\0' ? fallback : NULL;
}

static void end(struct attempt *a, enum delivery_state status, const char *code, const char *words)
{
    a->outcome = (struct outcome){
        .ref = a->claim.ref,
        .status = status,
        .provider = a->provider == NULL ? NULL : a->provider->config->name,
        .place = a->place,
        .code = code,
        .message = words,
        .attempt = a->claim.attempt,
        .latency_ms = (clock_mono_us() - a->begun_us) / 1000,
    };
}

/* No call was made, and none is counted. */
static void let_go(struct attempt *a, const char *code, int64_t delay_ms)
{
    end(a, DS_PENDING, code, NULL);
    a->outcome.untried = true;
    a->outcome.give_back = true;
    a->outcome.delay_ms = delay_ms;
    a->outcome.place = a->claim.place;
}

/* An adapter's refusal reads "code: words". */
static void end_unbuildable(struct attempt *a, const struct error *err)
{
    const char *colon = strchr(err->text, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - err->text);

    end(a, DS_FAILED, len == 0 ? "not_buildable" : arena_strndup(&a->mem, err->text, len),
        arena_strdup(&a->mem, len == 0 ? err->text : colon + 1 + strspn(colon + 1, " ")));
    log_warn("attempt.not_buildable", STR("code", a->outcome.code));
}

static bool is_stale(const struct config *config, int64_t claimed_ms)
{
    return clock_mono_ms() - claimed_ms > config_lease_ms(config) / 3;
}

/* The span goes on from that of the request by which the message came. */
static void begin_trace(struct attempt *a)
{
    char traceparent[TRACEPARENT_BYTES];
    struct trace accepted;

    if (!trace_recall(a->claim.trace, &accepted))
        trace_of_uuid(a->claim.ref.message_id, &accepted);
    trace_continue(&accepted, &a->trace);
    trace_format(&a->trace, traceparent);
    snprintf(a->trace_line, sizeof a->trace_line, "traceparent: %s", traceparent);
}

bool attempt_begin(struct attempt *a, const struct attempt_context *ctx, int64_t claimed_ms)
{
    const struct claim *c = &a->claim;

    a->begun_us = clock_mono_us();
    a->provider = NULL;
    a->place = 0;
    begin_trace(a);
    log_context(NULL, recipient_id_format(c->ref.message_id, c->ref.n, a->recipient_id), &a->trace);
    if (is_stale(ctx->config, claimed_ms)) {
        let_go(a, "claim_too_old", 0);
        log_warn("attempt.let_go");
        return false;
    }
    if (c->expires_ms >= 0 && clock_wall_ms() >= c->expires_ms) {
        end(a, DS_EXPIRED, "expired", "it had not left by expires_at");
        a->outcome.untried = true;
        return false;
    }
    return true;
}

static enum status build(struct attempt *a, const struct attempt_context *ctx, struct error *err)
{
    const struct claim *c = &a->claim;
    struct delivery d = {
        .recipient_id = a->recipient_id,
        .message_id = c->ref.message_id, .n = c->ref.n,
        .platform = c->platform, .address = c->address,
        .content = c->content, .subject = c->subject, .html = c->html,
        .from = sender_of(a, ctx->config),
        .metadata = c->metadata, .own_metadata = c->own_metadata,
        .created_ms = c->created_ms, .expires_ms = c->expires_ms, .now_ms = clock_wall_ms(),
        .attempt = c->attempt,
    };

    return a->provider->adapter->build(a->provider->handle, &d, &a->mem, &a->transfer, err);
}

bool attempt_build(struct attempt *a, const struct attempt_context *ctx,
                   const struct gate_choice *choice)
{
    struct error err;

    a->provider = choice->provider;
    a->place = choice->place;
    if (a->provider == NULL && providers_count(ctx->providers, a->claim.platform) == 0) {
        end(a, DS_FAILED, "no_provider", "no provider is set up for this platform");
        return false;
    }
    if (a->provider == NULL) {
        let_go(a, choice->why, choice->wait_ms);
        return false;
    }
    a->others = choice->others;
    if (build(a, ctx, &err) != ST_OK) {
        end_unbuildable(a, &err);
        return false;
    }
    a->transfer.limits = &a->provider->limits;
    a->transfer.trace_line = a->trace_line;
    return true;
}

static void log_end(const struct attempt *a, const struct verdict *v)
{
    log_info("attempt", STR("platform", platform_name(a->claim.platform)),
             STR("provider", a->outcome.provider), STR("verdict", verdict_name(v->class)),
             STR("status", delivery_name(a->outcome.status)), STR("code", v->code),
             NUM("attempt", a->claim.attempt), NUM("latency_ms", a->outcome.latency_ms));
}

static const enum delivery_state states[] = {
    [NEXT_SENT] = DS_SENT,
    [NEXT_RETRY] = DS_PENDING,
    [NEXT_HOLD] = DS_SENDING,
    [NEXT_FAILED] = DS_FAILED,
};

/*
 * Where the attempt is given back, its number does not grow: then the fence, which counts every
 * claim, makes the waits longer.
 */
static int tries_of(const struct attempt *a, const struct verdict *v)
{
    return v->class == VERDICT_THROTTLED || v->class == VERDICT_CREDENTIALS ? a->claim.ref.fence
                                                                            : a->claim.attempt;
}

/* After a fail-over the next provider; a new round of attempts begins with the first one again. */
static int next_place(const struct attempt *a, const struct decision *d)
{
    if (d->fail_over)
        return a->place + 1;
    return a->verdict.class == VERDICT_NOT_SENT || a->verdict.class == VERDICT_CREDENTIALS ? 0 : a->place;
}

/* Each provider of the list has had one before it comes to the next. */
bool attempt_is_repeated(const struct attempt *a)
{
    return a->claim.attempt > a->place + 1;
}

void attempt_end(struct attempt *a, const struct reply *reply, double jitter)
{
    struct verdict v = a->provider->adapter->judge(a->provider->handle, reply, &a->mem);
    struct decision d = retry_decide(&a->provider->retry, tries_of(a, &v), &v, a->others, jitter);

    log_context(NULL, a->recipient_id, &a->trace);
    a->verdict = v;
    end(a, states[d.next], v.code, v.message);
    a->outcome.provider_id = v.provider_id;
    if (v.class == VERDICT_ACCEPTED && v.provider_id == NULL) /* smtp without a queue id: ours */
        a->outcome.provider_id = a->transfer.own_id;
    a->outcome.place = next_place(a, &d);
    a->outcome.moved_to = v.moved_to;
    a->outcome.delay_ms = d.delay_ms;
    a->outcome.give_back = d.give_back;
    a->outcome.possible_duplicate = d.possible_duplicate;
    log_end(a, &v);
}
