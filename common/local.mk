noinst_LIBRARIES += %D%/libcommon.a
%C%_libcommon_a_SOURCES =

include common/base/local.mk
include common/config/local.mk
include common/model/local.mk
include common/crypto/local.mk
include common/metrics/local.mk
include common/db/local.mk
include common/broker/local.mk
include common/cache/local.mk
include common/transport/local.mk
include common/service/local.mk
