noinst_LIBRARIES += %D%/libctl.a
%C%_libctl_a_SOURCES = \
    %D%/call.c %D%/call.h \
    %D%/commands.c %D%/commands.h \
    %D%/ctl.c %D%/ctl.h \
    %D%/help.c %D%/help.h \
    %D%/key.c \
    %D%/migrate.c \
    %D%/seed.c \
    %D%/table.c %D%/table.h \
    %D%/user.c

bin_PROGRAMS += %D%/notifyctl
%C%_notifyctl_SOURCES = %D%/main.c
%C%_notifyctl_LDADD = ctl/libctl.a $(COMMON_LIBS)

dist_man_MANS += man/notifyctl.1
