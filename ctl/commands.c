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
static const struct command_option init_options[] = {
    { "--user", "EMAIL", "make this user first, of the role user; without it an admin, where there is no user" },
    { "--admin", NULL, "make that user an admin" },
    { "--tier", "TIER", "of the first user (default premium)" },
    { "--database-admin", "URL", "a superuser of Postgres elsewhere; without it postgres, through the local socket" },
    { "--rabbitmqctl", "PATH", "RabbitMQ's tool, where it is not in the usual place" },
    { "--rabbitmq-port", "PORT", "where it listens on this machine (default 5672)" },
    { "--account", "NAME", "the programs' account (default notification)" },
    { "--dry-run", NULL, "say what would be made, and do nothing" },
    { NULL },
};
static const struct command_option user_add_options[] = {
    { "--role", "user|admin", "an admin sees the messages of all users (default user)" },
    { "--tier", "TIER", "a tier of [rate_limit] in the configuration (default free)" },
    { NULL },
};

static const struct command_option user_erase_options[] = {
    { "--platform", "PLATFORM", "on this platform only: sms, email, whatsapp or telegram" },
    { "--content", NULL, "cut it out of the texts of other messages that mention it, too" },
    { "--dry-run", NULL, "count what would be erased, and do nothing" },
    { "--yes", NULL, "do it: what is erased does not come back" },
    { NULL },
};

static const struct command_option queue_status_options[] = {
    { "--interval", "SECONDS", "time between the two looks that a rate needs; 0: no rates (default 1)" },
    { NULL },
};

/* Which dead letters are meant; TIME is 2026-12-01T09:00:00Z, or how long ago: 90s, 15m, 2h, 7d. */
#define LETTERS                                                                          \
    { "--platform", "PLATFORM", "of this platform: sms, email, whatsapp or telegram" },  \
    { "--provider", "NAME", "that failed at this provider" },                            \
    { "--code", "CODE", "that failed with this code" },                                  \
    { "--user", "EMAIL", "of this user's messages" },                                    \
    { "--message", "ID", "of this message" },                                            \
    { "--since", "TIME", "dead since then; a time, or how long ago: 90s, 15m, 2h, 7d" }, \
    { "--until", "TIME", "dead before then" },                                           \
    { "--failed", NULL, "failed recipients only; the broker is not asked" },             \
    { "--queue", NULL, "events of notification.dead only" }

static const struct command_option dead_list_options[] = {
    LETTERS,
    { "--limit", "N", "at most so many (default 50)" },
    { NULL },
};
static const struct command_option dead_replay_options[] = {
    LETTERS,
    { "--all", NULL, "every letter, or with --failed or --queue every one of that kind" },
    { "--limit", "N", "take up at most so many" },
    { "--dry-run", NULL, "say what would be done, and do nothing" },
    { NULL },
};
static const struct command_option dead_purge_options[] = {
    LETTERS,
    { "--all", NULL, "every letter, or with --failed or --queue every one of that kind" },
    { "--limit", "N", "take up at most so many" },
    { "--dry-run", NULL, "say what would be done, and do nothing" },
    { "--yes", NULL, "do it: an event that is removed does not come back" },
    { NULL },
};
static const struct command_option tail_options[] = {
    { "--platform", "PLATFORM", "of this platform: sms, email, whatsapp or telegram" },
    { "--status", "STATE", "that led to this state: sent, failed, ..." },
    { "--provider", "NAME", "of this provider" },
    { "--user", "EMAIL", "of this user's messages" },
    { "--message", "ID", "of this message" },
    { "--errors", NULL, "failures and what has an error code only" },
    { "--since", "TIME", "what happened since then first; a time, or how long ago: 90s, 15m, 2h, 7d" },
    { "--count", "N", "end after so many events" },
    { "--for", "SECONDS", "end after so long; 0: show what is there, and end" },
    { NULL },
};
#define IDS_MOST 1000

static const struct command_option send_options[] = {
    { "--platform", "PLATFORM", "sms, email, whatsapp or telegram, for each --to behind it; with --to-file"
                                " for every line", .repeats = true },
    { "--to", "RECIPIENT", "to this number, address, chat id or @channel", .repeats = true },
    { "--content", "TEXT", "the text; - reads it from the standard input" },
    { "--subject", "TEXT", "the subject of a mail" },
    { "--html", "FILE", "the text of a mail as HTML" },
    { "--from", "PLATFORM=SENDER", "the sender on this platform", .repeats = true },
    { "--priority", "PRIORITY", "high, normal or low (default normal)" },
    { "--at", "TIME", "not before then; a time, or in so long: 90s, 15m, 2h, 7d" },
    { "--expires", "TIME", "not after then" },
    { "--metadata", "JSON", "an object that is kept with the message" },
    { "--as", "EMAIL", "the user whose message it is; needed unless exactly one is active" },
    { "--idempotency-key", "KEY", "the same line with the same key sends nothing twice, for 24 hours" },
    { "--wait", "SECONDS", "wait until each recipient has been sent to, or has failed" },
    { "--to-file", "FILE", "to each line of it: ADDRESS with --platform, else PLATFORM,ADDRESS; - reads the"
                           " standard input" },
    { "--all-or-nothing", NULL, "send nothing where a line of the file is bad" },
    { "--skip-lines", "N", "begin behind line N of the file" },
    { NULL },
};
static const struct command_option message_list_options[] = {
    { "--status", "STATUS", "scheduled, pending, queued, sending, completed, failed, cancelled or expired" },
    { "--platform", "PLATFORM", "with a recipient on this platform" },
    { "--recipient", "RECIPIENT", "to this one" },
    { "--user", "EMAIL", "of this user" },
    { "--since", "TIME", "accepted after then; a time, or how long ago: 90s, 15m, 2h, 7d" },
    { "--until", "TIME", "accepted before then" },
    { "--limit", "N", "at most so many (default 20)" },
    { NULL },
};
static const struct command_option audit_options[] = {
    { "--since", "TIME", "of messages created since; such a part is not written down" },
    { "--grace", "TIME", "how long past its time is overdue: 90s, 15m, 2h (default 10m)" },
    { "--limit", "N", "name at most so many of each kind of fault (default 10)" },
    { "--dry-run", NULL, "do not write the result down for the metrics" },
    { NULL },
};
static const struct command_option prune_options[] = {
    { "--older-than", "TIME", "last changed so long ago, as 90d, or before a time; a day at least" },
    { "--batch", "N", "about so many recipients in a transaction (default 2000)" },
    { "--pause", "MS", "wait between two transactions (default 0)" },
    { "--dry-run", NULL, "count what would go, and do nothing" },
    { "--yes", NULL, "do it: what is removed does not come back" },
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
    { "init", NULL, "", 0, 0, init_options,
      "make what a new installation needs: role, database, RabbitMQ's account, schema, first user",
      "notifyctl init --dry-run", init_check, init_run, .is_early = true },
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
    { "user", "erase", "ADDRESS", 1, 1, user_erase_options,
      "erase a person's address wherever it stands, and cancel what has not left; - reads it",
      "notifyctl user erase ada@example.com --dry-run", user_erase_check, user_erase },
    { "key", "create", "EMAIL", 1, 1, NULL, "make a key for a user and print it, this once",
      "notifyctl key create ada@example.com", email_check, key_create },
    { "key", "list", "[EMAIL]", 0, 1, NULL, "list the keys of a user, or of all",
      "notifyctl key list ada@example.com", email_check, key_list },
    { "key", "revoke", "ID_OR_KEY", 1, 1, NULL,
      "stop a key for good, by its id in the list or by itself",
      "notifyctl key revoke 01890a5d-ac96-774b-bcce-b302099a8057", key_revoke_check, key_revoke },
    { "send", NULL, "[-]", 0, 1, send_options,
      "send a message, by the rules of the API, straight into the database",
      "notifyctl send --platform sms --to +15551234567 --content Hello --as demo@example.com", send_check,
      send_run },
    { "message", "show", "ID", 1, 1, NULL, "show a message, its recipients and its timeline",
      "notifyctl message show 01890a5d-ac96-774b-bcce-b302099a8057", message_id_check, message_show },
    { "message", "list", "", 0, 0, message_list_options, "list messages, the newest first",
      "notifyctl message list --status failed --since 2h", message_list_check, message_list },
    { "message", "cancel", "ID", 1, 1, NULL, "take a message back, as long as it is scheduled",
      "notifyctl message cancel 01890a5d-ac96-774b-bcce-b302099a8057", message_id_check, message_cancel },
    { "queue", "status", "", 0, 0, queue_status_options,
      "show each lane's queue, what waits in the database, and the providers' breakers",
      "notifyctl queue status --interval 5", queue_status_check, queue_status },
    { "doctor", NULL, "", 0, 0, NULL,
      "look at everything that messages need, and say what is wrong and what to do about it",
      "notifyctl doctor --json", NULL, doctor_run },
    { "tail", NULL, "", 0, 0, tail_options,
      "show what happens to messages, as it happens; never an address or a content",
      "notifyctl tail --errors --since 10m", tail_check, tail_run },
    { "completion", NULL, "bash|zsh", 1, 1, NULL,
      "print the script by which a shell completes lines of notifyctl",
      "notifyctl completion bash", completion_check, completion_run, .is_bare = true },
    { "dead", "list", "", 0, 0, dead_list_options,
      "list dead letters, the latest first: failed recipients, and events nobody could use",
      "notifyctl dead list --platform sms --since 2h", dead_list_check, dead_list },
    { "dead", "show", "ID", 1, 1, NULL,
      "show a failed recipient with its timeline, or an event by its name or position",
      "notifyctl dead show 01890a5d-ac96-774b-bcce-b302099a8057.0", dead_show_check, dead_show },
    { "dead", "replay", "[ID...]", 0, IDS_MOST, dead_replay_options,
      "let failed recipients begin anew, and put events back into the queue they came from",
      "notifyctl dead replay --code 30008 --since 1d --dry-run", dead_replay_check, dead_replay_run },
    { "dead", "purge", "[ID...]", 0, IDS_MOST, dead_purge_options,
      "acknowledge failed recipients, so that they are listed no more, and remove events",
      "notifyctl dead purge --queue --all --yes", dead_purge_check, dead_purge_run },
    { "audit", NULL, "", 0, 0, audit_options,
      "prove that every accepted recipient has its end, or lives with a reason; exit 1 where not",
      "notifyctl audit --since 1d", audit_check, audit_run },
    { "prune", NULL, "", 0, 0, prune_options,
      "remove messages that have been finished for long, with all that belongs to them",
      "notifyctl prune --older-than 90d --dry-run", prune_check, prune_run },
};
const size_t n_commands = sizeof commands / sizeof *commands;
