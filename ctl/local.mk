noinst_LIBRARIES += %D%/libctl.a
%C%_libctl_a_SOURCES = \
    %D%/audit.c \
    %D%/audit_view.c %D%/audit_view.h \
    %D%/call.c %D%/call.h \
    %D%/commands.c %D%/commands.h \
    %D%/completion.c %D%/completion.h \
    %D%/ctl.c %D%/ctl.h \
    %D%/dead_list.c \
    %D%/dead_run.c \
    %D%/dead_show.c \
    %D%/doctor.c %D%/doctor.h \
    %D%/doctor_broker.c \
    %D%/doctor_calls.c \
    %D%/doctor_checks.c \
    %D%/doctor_config.c \
    %D%/doctor_database.c \
    %D%/doctor_kinds.c %D%/doctor_kinds.h \
    %D%/doctor_redis.c \
    %D%/erase.c \
    %D%/help.c %D%/help.h \
    %D%/init.c %D%/init.h \
    %D%/init_account.c \
    %D%/init_broker.c \
    %D%/init_database.c \
    %D%/interrupt.c %D%/interrupt.h \
    %D%/key.c \
    %D%/letters.c %D%/letters.h \
    %D%/list_file.c %D%/list_file.h \
    %D%/message_list.c \
    %D%/message_show.c \
    %D%/message_text.c %D%/message_text.h \
    %D%/migrate.c \
    %D%/paint.c %D%/paint.h \
    %D%/progress.c %D%/progress.h \
    %D%/prune.c \
    %D%/queue.c \
    %D%/rabbitmqctl.c %D%/rabbitmqctl.h \
    %D%/recipient_lines.c %D%/recipient_lines.h \
    %D%/secret_file.c %D%/secret_file.h \
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
    %D%/tail.c \
    %D%/tier.c %D%/tier.h \
    %D%/user.c \
    %D%/user_key.c %D%/user_key.h \
    %D%/when.c %D%/when.h

bin_PROGRAMS += %D%/notifyctl
%C%_notifyctl_SOURCES = %D%/main.c
%C%_notifyctl_LDADD = ctl/libctl.a $(COMMON_LIBS) $(CURL_LIBS)

dist_man_MANS += man/notifyctl.1

# Completion comes out of the program itself; where that can't run here, there is none.
if !CROSS_COMPILING
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
nodist_bashcomp_DATA = %D%/completion/bash/notifyctl
nodist_zshcomp_DATA = %D%/completion/zsh/_notifyctl
CLEANFILES += $(nodist_bashcomp_DATA) $(nodist_zshcomp_DATA)
%D%/completion/bash/notifyctl: %D%/notifyctl$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && %D%/notifyctl$(EXEEXT) completion bash >$@.new && mv $@.new $@
%D%/completion/zsh/_notifyctl: %D%/notifyctl$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && %D%/notifyctl$(EXEEXT) completion zsh >$@.new && mv $@.new $@
endif
