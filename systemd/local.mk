# Units, the account and its folders, made from *.in: only make knows where things are.
SYSTEMD_UNITS = %D%/notify-fcgi.socket %D%/notify-fcgi@.service %D%/workerd.service \
    %D%/notification-system-migrate.service
SYSTEMD_MADE = $(SYSTEMD_UNITS) %D%/tmpfiles.d/notification-system.conf %D%/credentials.conf
EXTRA_DIST += $(SYSTEMD_MADE:=.in) %D%/sandbox.conf
CLEANFILES += $(SYSTEMD_MADE)

systemd_edit = sed -e 's|@bindir[@]|$(bindir)|g' -e 's|@sbindir[@]|$(sbindir)|g' \
    -e 's|@fcgidir[@]|$(fcgidir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
    -e 's|@web_group[@]|$(WEB_GROUP)|g' \
    -e '/^@sandbox[@]$$/{' -e 'r $(srcdir)/%D%/sandbox.conf' -e d -e '}'

# The .in file may lie in another tree, and the folder not be there yet.
$(SYSTEMD_MADE): Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(systemd_edit) $(srcdir)/$@.in >$@.new && mv $@.new $@
%D%/notify-fcgi.socket: %D%/notify-fcgi.socket.in
%D%/notify-fcgi@.service: %D%/notify-fcgi@.service.in %D%/sandbox.conf
%D%/workerd.service: %D%/workerd.service.in %D%/sandbox.conf
%D%/notification-system-migrate.service: %D%/notification-system-migrate.service.in %D%/sandbox.conf
%D%/tmpfiles.d/notification-system.conf: %D%/tmpfiles.d/notification-system.conf.in
%D%/credentials.conf: %D%/credentials.conf.in

systemddocdir = $(docdir)/systemd
nodist_systemddoc_DATA = %D%/credentials.conf
dist_systemddoc_DATA = %D%/README.md
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
EXTRA_DIST += %D%/sysusers.d/notification-system.conf

if WITH_SYSTEMD
nodist_systemdsystemunit_DATA = $(SYSTEMD_UNITS)
nodist_tmpfiles_DATA = %D%/tmpfiles.d/notification-system.conf
sysusers_DATA = %D%/sysusers.d/notification-system.conf
else
noinst_DATA = $(SYSTEMD_UNITS) %D%/tmpfiles.d/notification-system.conf
endif
