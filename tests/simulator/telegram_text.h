#ifndef SIMULATOR_TELEGRAM_TEXT_H
#define SIMULATOR_TELEGRAM_TEXT_H
#include "common/base/arena.h"
/*
 * telegram_text - the markup of Telegram's messages, read as strictly as the Bot API reads it.
 * Pure.
 */
enum telegram_mode { TELEGRAM_PLAIN, TELEGRAM_HTML, TELEGRAM_MARKDOWN, TELEGRAM_MARKDOWN_V2 };

/*
 * NULL: the text is right, and *plain is what remains of it without its markup.  Else what is
 * wrong, in the words of the Bot API that follow "can't parse entities: ".
 */
const char *telegram_text_read(struct arena *mem, enum telegram_mode mode, const char *text,
                               const char **plain);
#endif
