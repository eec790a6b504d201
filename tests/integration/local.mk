# Tests with real servers of their own, as a list: `make integration` builds them, and each is run
# as it is; it skips itself where a server is missing.
EXTRA_PROGRAMS =
INTEGRATION_TESTS =

if HAVE_CHECK
INTEGRATION_TESTS += %D%/test_schema %D%/test_users %D%/test_notifyctl
INTEGRATION_TESTS += %D%/test_api %D%/test_bad_input %D%/test_delivery %D%/test_failures %D%/test_programs
endif

EXTRA_PROGRAMS += $(INTEGRATION_TESTS)
CLEANFILES += $(INTEGRATION_TESTS)

INTEGRATION_HARNESS = \
    %D%/pg.c %D%/pg.h %D%/pg_suite.h \
    %D%/program.c %D%/program.h

STACK_HARNESS = \
    %D%/stack.c %D%/stack.h \
    %D%/client.c %D%/client.h \
    %D%/record.c %D%/record.h \
    %D%/witness.c %D%/witness.h \
    %D%/load.c %D%/load.h \
    %D%/fastcgi.c %D%/fastcgi.h \
    %D%/program.c %D%/program.h

%C%_test_schema_SOURCES = %D%/test_schema.c $(INTEGRATION_HARNESS)
%C%_test_users_SOURCES = %D%/test_users.c $(INTEGRATION_HARNESS)
%C%_test_notifyctl_SOURCES = %D%/test_notifyctl.c $(INTEGRATION_HARNESS)

%C%_test_api_SOURCES = %D%/test_api.c %D%/crowd.c %D%/crowd.h $(STACK_HARNESS)
%C%_test_bad_input_SOURCES = %D%/test_bad_input.c $(STACK_HARNESS)
%C%_test_delivery_SOURCES = %D%/test_delivery.c $(STACK_HARNESS)
%C%_test_failures_SOURCES = %D%/test_failures.c $(STACK_HARNESS)
%C%_test_programs_SOURCES = %D%/test_programs.c $(STACK_HARNESS)

# One make after the other: two at once would each make the libraries, in the same files.
integration: all
	$(MAKE) $(AM_MAKEFLAGS) $(INTEGRATION_TESTS)
.PHONY: integration

# The tables and the connection to them.
if HAVE_CHECK
INTEGRATION_TESTS += %D%/test_tables %D%/test_lists %D%/test_steps %D%/test_runs %D%/test_marks %D%/test_outcomes %D%/test_callbacks %D%/test_races %D%/test_connection
endif

TABLES_HARNESS = %D%/pg.c %D%/pg.h %D%/pg_suite.h %D%/tables.c %D%/tables.h

%C%_test_tables_SOURCES = %D%/test_tables.c $(TABLES_HARNESS)
%C%_test_lists_SOURCES = %D%/test_lists.c $(TABLES_HARNESS)
%C%_test_steps_SOURCES = %D%/test_steps.c $(TABLES_HARNESS)
%C%_test_runs_SOURCES = %D%/test_runs.c $(TABLES_HARNESS)
%C%_test_marks_SOURCES = %D%/test_marks.c $(TABLES_HARNESS)
%C%_test_outcomes_SOURCES = %D%/test_outcomes.c $(TABLES_HARNESS)
%C%_test_callbacks_SOURCES = %D%/test_callbacks.c $(TABLES_HARNESS)
%C%_test_races_SOURCES = %D%/test_races.c $(TABLES_HARNESS)
%C%_test_connection_SOURCES = %D%/test_connection.c %D%/proxy.c %D%/proxy.h $(TABLES_HARNESS)

# Bad input, and other people's ids.
if HAVE_CHECK
INTEGRATION_TESTS += %D%/test_refusals %D%/test_isolation %D%/test_whole_api
endif
REFUSAL_HARNESS = %D%/rows.c %D%/rows.h $(STACK_HARNESS)
%C%_test_refusals_SOURCES = %D%/test_refusals.c $(REFUSAL_HARNESS)
%C%_test_isolation_SOURCES = %D%/test_isolation.c $(REFUSAL_HARNESS)
%C%_test_whole_api_SOURCES = %D%/test_whole_api.c $(STACK_HARNESS)
EXTRA_DIST += tests/bad-input

# Many callers at once: bulk, keys, cancelling.
if HAVE_CHECK
INTEGRATION_TESTS += %D%/test_bulk %D%/test_cancel %D%/test_idempotency
endif
CROWD_HARNESS = %D%/crowd.c %D%/crowd.h $(STACK_HARNESS)
%C%_test_bulk_SOURCES = %D%/test_bulk.c $(STACK_HARNESS)
%C%_test_cancel_SOURCES = %D%/test_cancel.c $(CROWD_HARNESS)
%C%_test_idempotency_SOURCES = %D%/test_idempotency.c $(CROWD_HARNESS)

# What goes over the wire to a provider.
if HAVE_CHECK
INTEGRATION_TESTS += %D%/test_requests %D%/test_submission
endif
%C%_test_requests_SOURCES = %D%/test_requests.c %D%/scripted.c %D%/scripted.h
%C%_test_submission_SOURCES = %D%/test_submission.c
# Dead letters.
if HAVE_CHECK
INTEGRATION_TESTS += %D%/test_replay %D%/test_dead
endif
%C%_test_replay_SOURCES = %D%/test_replay.c $(TABLES_HARNESS)
# The delivery engine: gate, lanes, backlog.
if HAVE_CHECK
INTEGRATION_TESTS += %D%/test_engine %D%/test_lanes %D%/test_providers %D%/test_operation
endif
ENGINE_HARNESS = %D%/engine.c %D%/engine.h $(STACK_HARNESS)
%C%_test_providers_SOURCES = %D%/test_providers.c %D%/judge.c %D%/judge.h $(ENGINE_HARNESS)
%C%_test_engine_SOURCES = %D%/test_engine.c $(ENGINE_HARNESS)
# The transport against scripted servers in the test's own process; no stack, but OpenSSL's TLS.
if HAVE_CHECK
if HAVE_SSL
INTEGRATION_TESTS += %D%/test_once %D%/test_transport %D%/test_trust %D%/test_mail
endif
endif
CALLS_HARNESS = \
    %D%/calls.c %D%/calls.h \
    %D%/peer.c %D%/peer.h \
    %D%/authority.c %D%/authority.h
%C%_test_once_SOURCES = %D%/test_once.c $(CALLS_HARNESS)
%C%_test_once_LDADD = $(LDADD) $(SSL_LIBS)
%C%_test_transport_SOURCES = %D%/test_transport.c $(CALLS_HARNESS)
%C%_test_transport_LDADD = $(LDADD) $(SSL_LIBS)
%C%_test_trust_SOURCES = %D%/test_trust.c $(CALLS_HARNESS)
%C%_test_trust_LDADD = $(LDADD) $(SSL_LIBS)
%C%_test_mail_SOURCES = %D%/test_mail.c $(CALLS_HARNESS)
%C%_test_mail_LDADD = $(LDADD) $(SSL_LIBS)
%C%_test_lanes_SOURCES = %D%/test_lanes.c $(ENGINE_HARNESS)
%C%_test_operation_SOURCES = %D%/test_operation.c $(ENGINE_HARNESS)
%C%_test_dead_SOURCES = %D%/test_dead.c %D%/operator.c %D%/operator.h $(STACK_HARNESS)
# Mail to the simulator, over TLS and with a login.
if HAVE_CHECK
INTEGRATION_TESTS += %D%/test_mail_tls
endif
%C%_test_mail_tls_SOURCES = %D%/test_mail_tls.c \
    %D%/tap.c %D%/tap.h \
    tests/unit/wire.c tests/unit/wire.h
# Callbacks of all providers.
if HAVE_CHECK
if HAVE_SSL
INTEGRATION_TESTS += %D%/test_webhooks
endif
endif
%C%_test_webhooks_SOURCES = %D%/test_webhooks.c \
    %D%/hooked.c %D%/hooked.h %D%/caller.c %D%/caller.h %D%/judge.c %D%/judge.h \
    %D%/peer.c %D%/peer.h $(ENGINE_HARNESS)
%C%_test_webhooks_LDADD = $(LDADD) $(SSL_LIBS)
# Sending from a shell.
if HAVE_CHECK
INTEGRATION_TESTS += %D%/test_send
endif
%C%_test_send_SOURCES = %D%/test_send.c $(STACK_HARNESS)
# What the person on call asks.
if HAVE_CHECK
INTEGRATION_TESTS += %D%/test_doctor %D%/test_tail
endif
%C%_test_doctor_SOURCES = %D%/test_doctor.c %D%/told.c %D%/told.h $(ENGINE_HARNESS)
%C%_test_tail_SOURCES = %D%/test_tail.c %D%/told.c %D%/told.h $(STACK_HARNESS)
# Conservation, pruning and erasing.
if HAVE_CHECK
INTEGRATION_TESTS += %D%/test_audit %D%/test_prune %D%/test_erase
endif
OPERATOR_HARNESS = %D%/operator.c %D%/operator.h $(STACK_HARNESS)
%C%_test_audit_SOURCES = %D%/test_audit.c $(OPERATOR_HARNESS)
%C%_test_prune_SOURCES = %D%/test_prune.c $(OPERATOR_HARNESS)
%C%_test_erase_SOURCES = %D%/test_erase.c $(OPERATOR_HARNESS)
# The same behind each web server of httpd-examples.
if HAVE_CHECK
INTEGRATION_TESTS += %D%/test_front_lighttpd %D%/test_front_nginx %D%/test_front_apache %D%/test_front_fcgid \
    %D%/test_front_caddy
endif
FRONT_HARNESS = %D%/front.c %D%/front.h %D%/web.c %D%/web.h $(STACK_HARNESS)
%C%_test_front_lighttpd_SOURCES = %D%/test_front_lighttpd.c $(FRONT_HARNESS)
%C%_test_front_nginx_SOURCES = %D%/test_front_nginx.c $(FRONT_HARNESS)
%C%_test_front_apache_SOURCES = %D%/test_front_apache.c $(FRONT_HARNESS)
%C%_test_front_fcgid_SOURCES = %D%/test_front_fcgid.c $(FRONT_HARNESS)
%C%_test_front_caddy_SOURCES = %D%/test_front_caddy.c $(FRONT_HARNESS)
# The first command of a new installation, on a Postgres of its own.
if HAVE_CHECK
INTEGRATION_TESTS += %D%/test_init
endif
%C%_test_init_SOURCES = %D%/test_init.c %D%/pg.c %D%/pg.h $(STACK_HARNESS)
