workerd_libworker_a_SOURCES += workerd/adapters/adapter.h workerd/adapters/kinds.h \
    workerd/adapters/adapters.c \
    workerd/adapters/mail.c workerd/adapters/mail.h \
    workerd/adapters/mime.c workerd/adapters/mime.h \
    workerd/adapters/mock.c \
    workerd/adapters/smtp.c \
    workerd/adapters/twilio.c \
    workerd/adapters/verdict.c workerd/adapters/verdict.h
workerd_libworker_a_SOURCES += workerd/adapters/telegram.c
workerd_libworker_a_SOURCES += workerd/adapters/whatsapp_cloud.c
workerd_libworker_a_SOURCES += workerd/adapters/sendgrid.c
workerd_libworker_a_SOURCES += workerd/adapters/http.c
