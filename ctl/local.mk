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
    %D%/list_file.c %D%/list_file.h \
    %D%/message_list.c \
    %D%/message_show.c \
    %D%/message_text.c %D%/message_text.h \
    %D%/migrate.c \
    %D%/progress.c %D%/progress.h \
    %D%/queue.c \
    %D%/recipient_lines.c %D%/recipient_lines.h \
    %D%/seed.c \
    %D%/seen.c %D%/seen.h \
    %D%/send.c %D%/send.h \
    %D%/send_call.c \
    %D%/send_check.c \
    %D%/send_file.c \
    %D%/send_line.c %D%/send_line.h \
    %D%/send_report.c %D%/send_report.h \
    %D%/send_run.h \
    %D%/table.c %D%/table.h \
    %D%/user.c

bin_PROGRAMS += %D%/notifyctl
%C%_notifyctl_SOURCES = %D%/main.c
%C%_notifyctl_LDADD = ctl/libctl.a $(COMMON_LIBS) $(CURL_LIBS)

dist_man_MANS += man/notifyctl.1
