#ifndef SIMULATOR_SMTP_SERVER_H
#define SIMULATOR_SMTP_SERVER_H
#include <stdint.h>

#include "common/base/error.h"
#include "tests/simulator/oracle.h"
#include "tests/simulator/settings.h"
#include "tests/simulator/stream.h"
/*
 * smtp_server - takes mail on up to two ports, with a thread for each connection.
 */
#define SMTP_CONNECTIONS_MAX 1024

struct smtp_server;
/* Listens where the settings say so; *out is NULL where that is nowhere. */
enum status smtp_server_open(struct smtp_server **out, const struct settings *s, struct oracle *o,
                             const struct tls *t, struct error *err);
void smtp_server_close(struct smtp_server *s); /* ends all connections; takes NULL */
uint16_t smtp_server_port(const struct smtp_server *s, bool secure); /* 0: it does not listen */
#endif
