/* documents - the description of the API and its reference, as they were at build time. */
#include <stddef.h>

#include "fcgi/handlers/handlers.h"

/*
 * The assembler puts the file itself into the program: no copy that could drift.  The names are
 * global, as with -flto the C code may be assembled apart from them, but hidden: they stay within
 * the program.
 */
#define EMBED(name, path)                                                                          \
    __asm__(".section .rodata\n"                                                                   \
            ".globl " #name ", " #name "_end\n"                                                    \
            ".hidden " #name ", " #name "_end\n"                                                   \
            ".balign 16\n" #name ":\n"                                                             \
            ".incbin \"" path "\"\n" #name "_end:\n"                                               \
            ".byte 0\n"                                                                            \
            ".previous\n");                                                                        \
    extern const char name[], name##_end[]

EMBED(document_openapi, DOCS_DIR "/openapi.yaml");
EMBED(document_reference, DOCS_DIR "/api.html");

static void show(struct call *c, const char *type, const char *begin, const char *end)
{
    buf_add(&c->res.body, begin, (size_t)(end - begin));
    c->res.status = 200;
    c->res.content_type = type;
    response_header(&c->res, "Cache-Control", "max-age=300");
    c->answered = true;
}

void openapi_show(struct api *api, struct call *c)
{
    show(c, "application/yaml; charset=utf-8", document_openapi, document_openapi_end);
}

void reference_show(struct api *api, struct call *c)
{
    show(c, "text/html; charset=utf-8", document_reference, document_reference_end);
}
