#ifndef WORKERD_ADAPTERS_KINDS_H
#define WORKERD_ADAPTERS_KINDS_H
#include "workerd/adapters/adapter.h"
/*
 * kinds - the adapters there are, for the table of adapters.c alone: everyone else finds them by
 * adapter_find().
 */
extern const struct adapter twilio_adapter, smtp_adapter, mock_adapter;
extern const struct adapter telegram_adapter;
extern const struct adapter whatsapp_cloud_adapter;
extern const struct adapter sendgrid_adapter;
extern const struct adapter http_adapter;
#endif
