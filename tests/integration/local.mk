# Tests with real servers of their own, as a list: `make integration` builds them, and each is run
# as it is; it skips itself where a server is missing.
EXTRA_PROGRAMS =
INTEGRATION_TESTS =

if HAVE_CHECK
INTEGRATION_TESTS += %D%/test_schema %D%/test_users %D%/test_notifyctl
endif

EXTRA_PROGRAMS += $(INTEGRATION_TESTS)
CLEANFILES += $(INTEGRATION_TESTS)

INTEGRATION_HARNESS = \
    %D%/pg.c %D%/pg.h %D%/pg_suite.h \
    %D%/program.c %D%/program.h

%C%_test_schema_SOURCES = %D%/test_schema.c $(INTEGRATION_HARNESS)
%C%_test_users_SOURCES = %D%/test_users.c $(INTEGRATION_HARNESS)
%C%_test_notifyctl_SOURCES = %D%/test_notifyctl.c $(INTEGRATION_HARNESS)

integration: all $(INTEGRATION_TESTS)
.PHONY: integration
