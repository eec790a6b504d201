if HAVE_CHECK
include tests/unit/local.mk
endif
UNIT_TESTS += $(check_PROGRAMS)
include tests/integration/local.mk
include tests/fuzz/local.mk
include tests/simulator/local.mk
include tests/openapi/local.mk
include tests/manual/local.mk
include tests/operations/local.mk
include tests/systemd/local.mk
include tests/packages/local.mk
include tests/containers/local.mk
include tests/release/local.mk
