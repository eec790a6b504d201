/* request - from FastCGI parameters to a request. */
#include "fcgi/request.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/utf8.h"

static const char *const method_names[HTTP_METHODS] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "OTHER",
};

const char *http_method_name(enum http_method m)
{
    return method_names[m];
}

const char *request_param(const struct request *r, const char *name)
{
    size_t len = strlen(name);

    for (char *const *p = r->params; *p != NULL; p++) {
        if (strncmp(*p, name, len) == 0 && (*p)[len] == '=')
            return *p + len + 1;
    }
    return NULL;
}

const char *request_header(const struct request *r, const char *name)
{
    char param[64] = "HTTP_";
    size_t at = 5;

    for (; *name != '\0' && at + 1 < sizeof param; name++)
        param[at++] = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
    param[at] = '\0';
    return request_param(r, param);
}

static enum http_method read_method(const char *name)
{
    for (int m = 0; name != NULL && m < HTTP_OTHER; m++) {
        if (strcmp(name, method_names[m]) == 0)
            return (enum http_method)m;
    }
    return HTTP_OTHER;
}

/* Digits only; absent and "" (nginx, for no body) are both "not given". */
static void read_content_length(struct request *r)
{
    const char *text = request_param(r, "CONTENT_LENGTH");
    size_t len = text == NULL ? 0 : strlen(text);

    r->content_length = -1;
    if (len == 0)
        return;
    r->bad_content_length = len > 18 || strspn(text, "0123456789") != len;
    if (!r->bad_content_length)
        r->content_length = strtoll(text, NULL, 10);
}

/* A doubled header arrives joined by ", " from most servers; a key never holds a comma. */
static const char *read_key(struct request *r)
{
    static const char bearer[] = "Bearer ";
    const char *key = request_header(r, "X-API-Key");
    const char *authorization = request_header(r, "Authorization");

    if (key != NULL && key[0] != '\0')
        return key;
    if (authorization == NULL || strncasecmp(authorization, bearer, sizeof bearer - 1) != 0)
        return NULL;
    authorization += sizeof bearer - 1;
    return authorization + strspn(authorization, " ");
}

/* The caller's own id if it is 1 to 128 printable ASCII characters (CONTRACT section 3). */
static const char *read_request_id(struct request *r)
{
    const char *id = request_header(r, "X-Request-Id");
    size_t len = id == NULL ? 0 : strlen(id);

    if (len == 0 || len > REQUEST_ID_MAX)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        if (id[i] < 0x20 || id[i] > 0x7e)
            return NULL;
    }
    return id;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* No byte that is special in a path may come out of an escape. */
static bool unescape(const char *text, size_t len, char *out, size_t *out_len)
{
    size_t at = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == '%') {
            int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
            int low = high < 0 ? -1 : hex_value(text[i + 2]);

            if (low < 0)
                return false;
            c = (char)(high << 4 | low);
            if (c == '/' || c == '\\')
                return false;
            i += 2;
        }
        if ((unsigned char)c < 0x20 || c == 0x7f)
            return false;
        out[at++] = c;
    }
    out[at] = '\0';
    *out_len = at;
    return true;
}

static bool has_dot_segment(const char *path)
{
    for (const char *p = path; (p = strstr(p, "/.")) != NULL; p++) {
        size_t len = strcspn(p + 1, "/");

        if (len == 1 || (len == 2 && p[2] == '.'))
            return true;
    }
    return false;
}

bool request_decode_path(struct arena *mem, const char *text, size_t len, const char **out)
{
    size_t decoded;
    char *path;

    if (len == 0 || len > REQUEST_PATH_MAX || text[0] != '/')
        return false;
    path = arena_alloc(mem, len + 1);
    if (!unescape(text, len, path, &decoded) || has_dot_segment(path))
        return false;
    for (size_t at = 0, step; at < decoded; at += step) {
        step = utf8_length(path + at, decoded - at);
        if (step == 0)
            return false;
    }
    *out = path;
    return true;
}

/* The target may be in absolute form (RFC 9112 section 3.2.2): scheme and host go. */
static const char *origin_form(const char *target)
{
    const char *host = strstr(target, "://");
    const char *path;

    if (target[0] == '/' || host == NULL)
        return target;
    path = strpbrk(host + 3, "/?");
    return path != NULL && path[0] == '/' ? path : "/";
}

static void read_target(struct arena *mem, const char *mount, struct request *r)
{
    const char *target = request_param(r, "REQUEST_URI");
    size_t path_len, mount_len = strlen(mount);
    const char *path = "";

    r->target = target == NULL ? "" : origin_form(target);
    path_len = strcspn(r->target, "?#");
    r->query = r->target[path_len] == '?' ? r->target + path_len + 1 : "";
    if (!request_decode_path(mem, r->target, path_len, &path))
        path = "";
    if (mount_len > 0 && strncmp(path, mount, mount_len) == 0 && path[mount_len] == '/')
        path += mount_len;
    r->path = path;
}

void request_read(struct arena *mem, char *const *params, const char *mount, struct request *out)
{
    *out = (struct request){ .params = params, .body = "" };
    out->method = read_method(request_param(out, "REQUEST_METHOD"));
    out->content_type = request_param(out, "CONTENT_TYPE");
    read_content_length(out);
    out->api_key = read_key(out);
    out->request_id = read_request_id(out);
    read_target(mem, mount, out);
}
