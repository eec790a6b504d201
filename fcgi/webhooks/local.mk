fcgi_libapi_a_SOURCES += fcgi/webhooks/webhook.h \
    fcgi/webhooks/twilio.c fcgi/webhooks/twilio.h \
    fcgi/webhooks/webhooks.c
