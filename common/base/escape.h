#ifndef COMMON_BASE_ESCAPE_H
#define COMMON_BASE_ESCAPE_H
#include <stdbool.h>

#include "common/base/buf.h"
/*
 * escape - a value made fit to stand within a text of another form, whatever it holds.  Pure.
 *
 * All have one shape, so that a table or a template can name them.  False: the value can't stand
 * there, and out may hold a part of it.
 */
typedef bool (*escape_fn)(struct buf *out, const char *value);

/* In a URL's path or query, or in a form: all but letters, digits, "-._~" as %XX.  Never false. */
bool escape_percent(struct buf *out, const char *value);

/* Between the quotes of a JSON string.  What is not UTF-8 becomes U+FFFD.  Never false. */
bool escape_json(struct buf *out, const char *value);

/*
 * In text or in a quoted attribute of XML 1.0, but not in CDATA.  What is not UTF-8, or no
 * character of XML (section 2.2: most control characters), becomes U+FFFD.  Never false.
 */
bool escape_xml(struct buf *out, const char *value);

/* As it is.  False: it holds a control character, such as a line break, or is not UTF-8. */
bool escape_line(struct buf *out, const char *value);

/* As it is, line breaks and tabs too.  False: another control character, or not UTF-8. */
bool escape_text(struct buf *out, const char *value);
#endif
