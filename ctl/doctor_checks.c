/* doctor_checks - the table of what `notifyctl doctor` looks at. */
#include "ctl/doctor.h"

const struct check checks[] = {
    { "configuration", "file", "who may read it, where it holds secrets", check_config_file },
    { "configuration", "platforms", "that each one that is on has its providers", check_config_platforms },
    { "configuration", "callbacks", "that providers can tell what became of a message",
      check_config_callbacks },
    { "database", "server", "that it answers, how fast, and its version", check_db_server },
    { "database", "schema", "that its tables are those of this version", check_db_schema },
    { "database", "durability", "that a commit is on the disk", check_db_durability },
    { "database", "encoding", "UTF8", check_db_encoding },
    { "database", "connections", "that there are enough for our programs", check_db_connections },
    { "database", "wraparound", "the age of the oldest transaction", check_db_wraparound },
    { "database", "clock", "that it tells the time that this machine does", check_db_clock },
    { "database", "backlog", "whether recipients wait longer than they should", check_db_backlog },
    { "redis", "server", "that it answers, how fast, and its version", check_redis_server },
    { "redis", "memory", "that it drops none of our keys", check_redis_memory },
    { "redis", "breakers", "which providers are not called now", check_redis_breakers },
    { "rabbitmq", "server", "that it answers, and how fast", check_broker_server },
    { "rabbitmq", "topology", "exchanges and queues, with their arguments", check_broker_topology },
    { "rabbitmq", "consumers", "that somebody takes from each queue", check_broker_consumers },
    { "rabbitmq", "dead", "what nobody could use", check_broker_dead },
    { "rabbitmq", "alarm", "that it takes messages", check_broker_alarm },
    { "providers", "credentials", "that each provider in use takes ours", check_credentials },
    { "programs", "public_url", "that notify.fcgi answers there", check_public_url },
    { "programs", "workerd", "that it answers at metrics_listen", check_worker },
    { "machine", "clock", "that something keeps it right", check_machine_clock },
};
const size_t n_checks = sizeof checks / sizeof *checks;
