noinst_LIBRARIES += %D%/libctl.a
%C%_libctl_a_SOURCES = \
    %D%/call.c %D%/call.h \
    %D%/commands.c %D%/commands.h \
    %D%/ctl.c %D%/ctl.h \
    %D%/dead_list.c \
    %D%/dead_run.c \
    %D%/dead_show.c \
    %D%/help.c %D%/help.h \
    %D%/key.c \
    %D%/letters.c %D%/letters.h \
    %D%/migrate.c \
    %D%/progress.c %D%/progress.h \
    %D%/queue.c \
    %D%/seed.c \
    %D%/table.c %D%/table.h \
    %D%/user.c

bin_PROGRAMS += %D%/notifyctl
%C%_notifyctl_SOURCES = %D%/main.c
%C%_notifyctl_LDADD = ctl/libctl.a $(COMMON_LIBS)

dist_man_MANS += man/notifyctl.1
