# The floors that bench/run measures against; it makes them itself.
BENCH_FLOORS = %D%/floor/fastcgi %D%/floor/postgres %D%/floor/rabbitmq
EXTRA_PROGRAMS += $(BENCH_FLOORS)
CLEANFILES += $(BENCH_FLOORS)
%C%_floor_fastcgi_LDADD = $(FCGI_LIBS)
%C%_floor_fastcgi_SOURCES = %D%/floor/fastcgi.c
%C%_floor_postgres_LDADD = common/libcommon.a $(PQ_LIBS)
%C%_floor_postgres_SOURCES = %D%/floor/postgres.c
%C%_floor_rabbitmq_LDADD = common/libcommon.a $(RABBITMQ_LIBS)
%C%_floor_rabbitmq_SOURCES = %D%/floor/rabbitmq.c
