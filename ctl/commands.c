/* commands - the table of everything notifyctl does. */
#include "ctl/commands.h"

const struct command_option global_options[] = {
    { "--config", "FILE", "read this configuration file; \"\" for only the environment", 'c' },
    { "--check-config", NULL, "say whether the configuration is right, and do nothing else" },
    { "--json", NULL, "print one JSON document for programs, errors too" },
    { "--version", NULL, "print the version" },
    { "--help", NULL, "print this help, or that of a command", 'h' },
    { NULL },
};

static const struct command_option up_options[] = {
    { "--wait", "SECONDS", "try again for so long while the database does not answer" },
    { NULL },
};
static const struct command_option user_add_options[] = {
    { "--role", "user|admin", "an admin sees the messages of all users (default user)" },
    { "--tier", "TIER", "a tier of [rate_limit] in the configuration (default free)" },
    { NULL },
};

const struct command commands[] = {
    { "migrate", "up", "", 0, 0, up_options, "apply every migration that is not applied yet",
      "notifyctl migrate up --wait 30", migrate_check, migrate_up },
    { "migrate", "down", "[N]", 0, 1, NULL,
      "take back the last N migrations, 1 if not given, and their data",
      "notifyctl migrate down 2", migrate_check, migrate_down },
    { "migrate", "status", "", 0, 0, NULL, "list the migrations and when each was applied",
      "notifyctl migrate status", NULL, migrate_status },
    { "seed", NULL, "", 0, 0, NULL,
      "make the user demo@example.com, tier premium, with a key; once only",
      "notifyctl seed --json", NULL, seed_run },
    { "user", "add", "EMAIL", 1, 1, user_add_options, "add a user",
      "notifyctl user add ada@example.com --tier basic", user_add_check, user_add },
    { "user", "list", "", 0, 0, NULL, "list all users, the oldest first",
      "notifyctl user list", NULL, user_list },
    { "user", "disable", "EMAIL", 1, 1, NULL, "refuse all calls of a user; keys and messages stay",
      "notifyctl user disable ada@example.com", email_check, user_disable },
    { "user", "enable", "EMAIL", 1, 1, NULL, "let a disabled user call again",
      "notifyctl user enable ada@example.com", email_check, user_enable },
    { "key", "create", "EMAIL", 1, 1, NULL, "make a key for a user and print it, this once",
      "notifyctl key create ada@example.com", email_check, key_create },
    { "key", "list", "[EMAIL]", 0, 1, NULL, "list the keys of a user, or of all",
      "notifyctl key list ada@example.com", email_check, key_list },
    { "key", "revoke", "ID_OR_KEY", 1, 1, NULL,
      "stop a key for good, by its id in the list or by itself",
      "notifyctl key revoke 01890a5d-ac96-774b-bcce-b302099a8057", key_revoke_check, key_revoke },
};
const size_t n_commands = sizeof commands / sizeof *commands;
