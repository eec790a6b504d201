#ifndef COMMON_MODEL_PLATFORM_H
#define COMMON_MODEL_PLATFORM_H
#include <stdbool.h>
/*
 * platform - the ways to reach a person, and the lanes that messages for them wait in.  Pure.
 */
enum platform { PF_SMS, PF_EMAIL, PF_WHATSAPP, PF_TELEGRAM, PF_COUNT };
enum priority { PRIO_HIGH, PRIO_NORMAL, PRIO_LOW, PRIO_COUNT };

const char *platform_name(enum platform p);                   /* "sms" */
bool platform_parse(const char *text, enum platform *out);
const char *priority_name(enum priority p);                   /* "normal" */
bool priority_parse(const char *text, enum priority *out);

/* A lane is a platform with a priority; its number is what dispatch.lane holds. */
enum { LANE_COUNT = PF_COUNT * PRIO_COUNT };
static inline int lane_of(enum platform pf, enum priority prio) { return (int)pf * PRIO_COUNT + (int)prio; }
static inline enum platform lane_platform(int lane) { return (enum platform)(lane / PRIO_COUNT); }
static inline enum priority lane_priority(int lane) { return (enum priority)(lane % PRIO_COUNT); }
#endif
