fcgi_libapi_a_SOURCES += fcgi/webhooks/webhook.h \
    fcgi/webhooks/http.c fcgi/webhooks/http.h \
    fcgi/webhooks/reading.c fcgi/webhooks/reading.h \
    fcgi/webhooks/report.c fcgi/webhooks/report.h \
    fcgi/webhooks/secrets.c fcgi/webhooks/secrets.h \
    fcgi/webhooks/sendgrid.c fcgi/webhooks/sendgrid.h \
    fcgi/webhooks/slice.c fcgi/webhooks/slice.h \
    fcgi/webhooks/telegram.c fcgi/webhooks/telegram.h \
    fcgi/webhooks/twilio.c fcgi/webhooks/twilio.h \
    fcgi/webhooks/webhooks.c \
    fcgi/webhooks/whatsapp.c fcgi/webhooks/whatsapp.h
