#ifndef SIMULATOR_TWILIO_H
#define SIMULATOR_TWILIO_H
#include "common/base/urlform.h"
#include "common/crypto/digest.h"
#include "common/crypto/hmac.h"
#include "tests/simulator/provider.h"
/*
 * twilio - the Messages resource of Twilio's API 2010-04-01, and its status callbacks.
 *
 * Numbers +1555000NNNN, also after "whatsapp:", choose a behaviour by NNNN.
 */
#define TWILIO_BODY_MAX 1600
#define TWILIO_SIGNATURE_BYTES BASE64_BYTES(HMAC_SHA1_BYTES)

extern const struct provider twilio_provider;

/* The faults that only this provider has. */
enum twilio_fault { TWILIO_FOREIGN_SENDER = FAULT_COUNT, TWILIO_REGION_OFF, TWILIO_FAULTS };

/* X-Twilio-Signature of a form: the URL, then each key and value in the order of the keys. */
void twilio_sign(const char *token, const char *url, const struct urlform *form,
                 char out[TWILIO_SIGNATURE_BYTES]);

/* twilio_provider's; see provider.h. */
bool twilio_check(const struct settings *s, struct exchange *x);
void twilio_callback(const struct settings *s, const struct item *items, size_t count,
                     struct arena *mem, struct post *out);
/* {"code":...,"message":...,"more_info":...,"status":...}; without a code, only the other two. */
void twilio_refuse(struct exchange *x, int status, int code, const char *message);
int twilio_number(const char *to); /* NNNN of +1555000NNNN; -1: another number */
#endif
