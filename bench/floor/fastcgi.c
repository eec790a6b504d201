/*
 * fastcgi - the floor of accepting: threads that read a request to its end and answer 202.
 *
 * Started in the place of notify.fcgi by bench/run, behind the same web server with the same
 * settings: what is left above its figures is ours.
 */
#include <fcgiapp.h>
#include <pthread.h>

#define THREADS 16

static pthread_mutex_t accepting = PTHREAD_MUTEX_INITIALIZER;

static void *serve(void *arg)
{
    FCGX_Request r;
    char bytes[4096];

    FCGX_InitRequest(&r, 0, 0);
    for (;;) {
        int taken;

        pthread_mutex_lock(&accepting);
        taken = FCGX_Accept_r(&r);
        pthread_mutex_unlock(&accepting);
        if (taken < 0)
            return NULL;
        while (FCGX_GetStr(bytes, sizeof bytes, r.in) > 0)
            ;
        FCGX_FPrintF(r.out, "Status: 202 Accepted\r\nContent-Type: application/json\r\n\r\n"
                            "{\"id\": \"01900000-0000-7000-8000-000000000000\", \"status\": \"pending\"}\n");
        FCGX_Finish_r(&r);
    }
}

int main(void)
{
    pthread_t threads[THREADS];

    FCGX_Init();
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, serve, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
