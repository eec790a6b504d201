#ifndef TESTS_INTEGRATION_WEB_H
#define TESTS_INTEGRATION_WEB_H
/*
 * web - a client of the front that says byte by byte what a test wants.  What goes wrong fails the
 * test.
 */
int web_connect(const char *from); /* from: our own address, as in "127.0.0.2", or NULL */
void web_say(int fd, const char *words);
int web_status(int fd); /* reads one answer to its end; the connection may go on */
int web_free_port(void); /* of 127.0.0.1, below those of outgoing connections; asserts nothing */
#endif
