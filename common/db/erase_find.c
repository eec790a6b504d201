/* erase_find - the patterns that find an address in texts and in keys. */
#include <string.h>

#include "common/base/buf.h"
#include "common/db/erase.h"

#define PART_OF_ADDRESS "[[:alnum:]_.!#$%&'*+/=?^`{|}~-]"
/* In JSON a line's end before it reads "\n", whose letter is none of an address. */
#define BEHIND_JSON "(?<=\\\\[bfnrt])"

static void add_quoted(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("\\^$.|?*+()[]{}", *text) != NULL)
            buf_addc(out, '\\');
        buf_addc(out, *text);
    }
}

/* Another's address or number that ends or begins with this one is not meant. */
static const char *pattern(const char *before, const char *address, const char *after, struct arena *mem)
{
    struct buf out = BUF_INIT(4096);
    const char *kept;

    buf_adds(&out, before);
    add_quoted(&out, address);
    buf_adds(&out, after);
    kept = arena_strdup(mem, buf_str(&out));
    buf_free(&out);
    return kept;
}

void erase_find(struct erase_person *who, struct arena *mem)
{
    static const char behind_mail[] = "(?![[:alnum:]_-]|\\.[[:alnum:]])";

    who->in_texts = who->in_keys = NULL;
    if (who->address[0] == '+') {
        who->in_texts = who->in_keys = pattern("(?<![0-9])\\+?", who->address + 1, "(?![0-9])", mem);
    } else if (strchr(who->address, '@') != NULL) {
        who->in_texts = pattern("((?<!" PART_OF_ADDRESS ")|" BEHIND_JSON ")", who->address, behind_mail, mem);
        who->in_keys = pattern("(?<![[:alnum:]])", who->address, behind_mail, mem);
    }
}
