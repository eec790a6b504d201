/* Tests of common/transport/origin: where a URL points to. */
#include "common/transport/origin.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/suite.h"

/* The origin as text; NULL: the URL has none. */
static const struct {
    const char *url, *origin;
} rows[] = {
    { "https://api.example.com/v1/x?y=1", "https api.example.com 443" },
    { "http://api.example.com", "http api.example.com 80" },
    { "smtp://mail.example.com/our.name", "smtp mail.example.com 25 mail" },
    { "smtps://mail.example.com", "smtps mail.example.com 465 mail" },
    { "HTTPS://API.Example.COM/", "https api.example.com 443" },
    { "https://api.example.com:8443/a:b@c", "https api.example.com 8443" },
    { "https://api.example.com:8443?at=a@b", "https api.example.com 8443" },
    { "https://user:pass@api.example.com#x", "https api.example.com 443" },
    { "http://127.0.0.1:8080/x", "http 127.0.0.1 8080 address" },
    { "http://[::1]:8080/x", "http ::1 8080 address" },
    { "https://[2001:DB8::1]", "https 2001:db8::1 443 address" },
    { "https://api.example.com:65535", "https api.example.com 65535" },
    { "https://api.example.com:65536", NULL },
    { "https://api.example.com:0", NULL },
    { "https://api.example.com:", NULL },
    { "https://api.example.com:+80", NULL },
    { "https://api.example.com:8o", NULL },
    { "https://", NULL },
    { "https://:443", NULL },
    { "https://[::1", NULL },
    { "https://[::1]8080", NULL },
    { "https://[api.example.com]", NULL },
    { "api.example.com/x", NULL },
    { "//api.example.com/x", NULL },
    { "file:///etc/passwd", NULL },
    { "ftp://api.example.com", NULL },
    { "https:/api.example.com", NULL },
    { "", NULL },
};

START_TEST(a_url_is_split_or_has_no_origin)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct origin o = { .scheme = "untouched" };
        char text[512] = "";

        if (origin_of(rows[i].url, &o))
            snprintf(text, sizeof text, "%s %s %d%s%s", o.scheme, o.host, o.port,
                     o.is_mail ? " mail" : "", o.is_address ? " address" : "");
        else
            ck_assert_str_eq(o.scheme, "untouched");
        ck_assert_msg(strcmp(text, rows[i].origin == NULL ? "" : rows[i].origin) == 0, "%s: %s",
                      rows[i].url, text);
    }
}
END_TEST

START_TEST(a_host_longer_than_a_name_can_be_is_none)
{
    char url[400] = "https://";
    struct origin o;

    memset(url + 8, 'a', 255);
    ck_assert(origin_of(url, &o));
    ck_assert_uint_eq(strlen(o.host), 255);
    memset(url + 8, 'a', 256);
    ck_assert(!origin_of(url, &o));
}
END_TEST

SUITE("origin", a_url_is_split_or_has_no_origin, a_host_longer_than_a_name_can_be_is_none)
